"""A program with jobs, to be killed:  python program.py FOLDER.  Says "ready" and then lives until it is killed."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from tests.unit.jobs.conftest import make

jobs = make(Path(sys.argv[1]))
jobs.start()
print("in charge" if jobs.in_charge else "beside", flush=True)
signal.pause()
