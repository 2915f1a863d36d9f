"""A worker process as the program sees it: start it, ask it to end, kill it, and say how it died. Knows no database."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import ptm_demo
from ptm_demo.jobs.log import open_log
from ptm_demo.jobs.options import WorkerOptions

MODULE = "ptm_demo.jobs.worker"


class WorkerProcess:
    """A running worker. `token` names it in the database and on its command line, so it can be told from any other process."""

    def __init__(self, folder: Path, options: WorkerOptions, environ: Mapping[str, str]) -> None:
        """Start it. Raises OSError when the system cannot."""
        self.token = f"w-{secrets.token_hex(8)}"
        # -P: a file called torch.py in the working directory is not to be imported.
        python = [sys.executable, "-P", "-u", "-X", "faulthandler", "-m", MODULE]
        given = ["--folder", str(folder), "--token", self.token, "--options", options.to_json()]
        log = open_log(folder / "logs" / "worker.log")
        try:
            self._process = subprocess.Popen(
                [*python, *given],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=folder,
                env=_with_package(environ),
                start_new_session=True,  # Ctrl-C in a terminal is for the program, which then lets the worker keep a checkpoint
            )
        finally:
            os.close(log)

    @property
    def pid(self) -> int:
        return self._process.pid

    def ended(self) -> str | None:
        """How it ended ("signal SIGKILL", "exit status 1"), or None while it lives."""
        code = self._process.poll()
        if code is None:
            return None
        if code < 0:
            with suppress(ValueError):
                return f"signal {signal.Signals(-code).name}"
        return f"exit status {code}"

    def ask_to_end(self) -> None:
        """Let go of the lifeline: the worker stops its job, keeps a checkpoint and ends."""
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()

    def wait(self, seconds: float) -> bool:
        """True when it ended within the time."""
        try:
            self._process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """End it and whatever it started, now."""
        kill_group(self.pid)
        self._process.kill()
        self.ask_to_end()
        self.wait(10.0)

    def clean_up(self) -> None:
        """After it ended: end what it started, and close the lifeline."""
        kill_group(self.pid)
        self.ask_to_end()


def kill_group(pid: int) -> None:
    """SIGKILL for the process group that `pid` leads, if it is still there."""
    if sys.platform != "win32":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def is_worker(pid: int, token: str) -> bool:
    """Whether `pid` is the worker of that token and runs; a number that was given to another process since is not."""
    import psutil

    try:
        found = psutil.Process(pid)
        return found.status() != psutil.STATUS_ZOMBIE and token in found.cmdline()
    except psutil.Error:
        return False


def _with_package(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment as given, plus where this package is to be imported from."""
    here = str(Path(ptm_demo.__file__).resolve().parent.parent)
    rest = environ.get("PYTHONPATH", "")
    return {**environ, "PYTHONPATH": f"{here}{os.pathsep}{rest}" if rest else here}
