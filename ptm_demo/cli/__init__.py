"""The command line: `python -m ptm_demo COMMAND …`. Thin, over the services; one file a command in `commands/`.

Promises to scripts: with --json exactly one JSON object on stdout; exit status 0 when it worked, 2 for input that cannot be
used (one line on stderr: expected, found, next step), 1 for a fault of the studio, 130 after Ctrl-C. Never a traceback.

Importing this, and every module below it, loads no data or model library: `--help` must answer at once.
"""

from __future__ import annotations

from ptm_demo.cli.main import main
from ptm_demo.cli.parser import build_parser

__all__ = ["build_parser", "main"]
