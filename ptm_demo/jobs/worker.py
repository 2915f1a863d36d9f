"""The worker process: `python -m ptm_demo.jobs.worker` takes what waits, one job after another, until the program ends.

Started by the supervisor with a small environment; imports heavy modules only while nothing waits. Its standard input is the
lifeline to the program, its output a log file that no page shows. Knows nothing of what its handlers do.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import logging
import os
import platform
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ptm_demo.errors import PtmError
from ptm_demo.jobs import transitions
from ptm_demo.jobs.attempt import Outcome, attempt
from ptm_demo.jobs.database import Database
from ptm_demo.jobs.limits import apply_limits, limit_cpu
from ptm_demo.jobs.model import JobContext
from ptm_demo.jobs.options import WorkerOptions
from ptm_demo.jobs.recorder import Recorder
from ptm_demo.jobs.transitions import Claim
from ptm_demo.jobs.watch import Watch
from ptm_demo.progress import CancelToken

POLL_SECONDS = 0.05
_SAVE_TRIES = 60
_log = logging.getLogger("ptm_demo.jobs.worker")


class Worker:
    """Takes and does jobs of one folder."""

    def __init__(self, folder: Path, token: str, options: WorkerOptions, lifeline: int) -> None:
        self._folder, self._token, self._options = folder, token, options
        self._states = Database(folder)
        self._reports = Database(folder, durable=False)
        self._watch = Watch(self._reports, token, lifeline, folder / "logs" / "worker.log", options.exit_seconds)
        self._to_load = list(options.preload)

    def run(self) -> None:
        signal.signal(signal.SIGTERM, lambda *_: self._watch.end())
        while True:
            try:
                if self._take_one():
                    continue
            except PtmError as error:  # a full disk, say: to end would only lose the warmth
                _log.warning("no job could be taken: %s", error)
                time.sleep(1.0)
            if self._to_load:
                _load(self._to_load.pop(0))
            else:
                time.sleep(POLL_SECONDS)

    def _take_one(self) -> bool:
        """Do one job, if one waits."""
        with self._reports.read() as db:
            if db.execute("SELECT 1 FROM jobs WHERE state='queued' LIMIT 1").fetchone() is None:
                return False
        cancel = CancelToken()
        with self._watch.unless_ending() as allowed:
            if not allowed:
                return False
            with self._states.write() as db:
                claim = transitions.claim(db, self._token, platform.node(), os.getpid())
            if claim is None:
                return False
            recorder = Recorder(self._reports, claim.id, claim.attempt)
            self._watch.attend(claim.id, cancel, recorder)
        outcome = self._do(claim, cancel, recorder)
        with self._watch.leaving():
            self._save(claim, outcome)
        gc.collect()
        return True

    def _do(self, claim: Claim, cancel: CancelToken, recorder: Recorder) -> Outcome:
        cores = os.cpu_count() or 1
        limit_cpu((self._options.job_minutes * 60 + 2 * self._options.grace_seconds) * cores)
        folder = self._folder / "work" / claim.id
        context = JobContext(claim.id, folder, recorder.report, cancel, claim.attempt, claim.attempt > 1, claim.owner)
        _log.info("job %s (%s), attempt %d", claim.id, claim.kind, claim.attempt)
        outcome = attempt(self._options.handlers.get(claim.kind), claim.payload, context)
        recorder.flush(now=True)
        _log.info("job %s: attempt %d ended", claim.id, claim.attempt)
        return outcome

    def _save(self, claim: Claim, outcome: Outcome) -> None:
        for again in range(_SAVE_TRIES):
            try:
                with self._states.write() as db:
                    if outcome == Outcome() and self._watch.ending:
                        transitions.release(db, self._token)  # stopped only because the program ends: goes on at its next start
                    else:
                        limit = self._options.job_minutes
                        transitions.finish(db, self._token, claim.id, result=outcome.result, error=outcome.error, minutes=limit)
                return
            except PtmError as error:  # the disk is full, or the file is busy: what a job brought is worth waiting for
                _log.warning("the end of job %s could not be written (try %d): %s", claim.id, again + 1, error)
                time.sleep(0.5)
        raise SystemExit(f"the end of job {claim.id} could not be written")


def _load(name: str) -> None:
    """Import a module and let it warm up. A module that cannot costs a log entry; its jobs will say what is wrong."""
    begun = time.monotonic()
    try:
        module: Any = importlib.import_module(name)
        warm = getattr(module, "warm", None)
        if callable(warm):
            warm()
        _log.info("loaded %s in %.1f s", name, time.monotonic() - begun)
    except (Exception, SystemExit):  # noqa: BLE001 - the border: foreign code may raise anything
        _log.exception("could not load %s", name)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="ptm_demo.jobs.worker", description="Takes queued jobs until its standard input closes.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--token", required=True, help="names this process in the database")
    parser.add_argument("--options", required=True, help="WorkerOptions as JSON")
    given = parser.parse_args(argv)
    options = WorkerOptions.from_json(given.options)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    apply_limits(options.nice, options.memory_bytes, options.file_bytes)
    lifeline = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)  # a handler that asks a question gets an end of file, not the lifeline
    os.close(nothing)
    Worker(given.folder, given.token, options, lifeline).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
