"""`python -m ptm_demo …`: the command line."""

import sys

from ptm_demo.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
