"""The worker's second thread: keeps its lease alive, hears that a job shall stop, and ends the process when the program is gone.

Only the claim and the end of a job are done in the worker's main thread; everything that must go on while a handler
computes is done here. Knows nothing of handlers.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ptm_demo.errors import PtmError
from ptm_demo.jobs import transitions
from ptm_demo.jobs.log import trim_log
from ptm_demo.progress import CancelToken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptm_demo.jobs.database import Database
    from ptm_demo.jobs.recorder import Recorder

TICK_SECONDS = 0.1
HEARTBEAT_SECONDS = 3.0
_log = logging.getLogger(__name__)


class Watch:
    """Watches over one worker process.

    Args:
        lifeline: descriptor of a pipe whose other end the program holds; when it closes, the program is gone.
    """

    def __init__(self, database: Database, worker: str, lifeline: int, log: Path, exit_seconds: float) -> None:
        self._database, self._worker, self._log_path, self._exit_seconds = database, worker, log, exit_seconds
        self._lock = threading.Lock()
        self._job: tuple[str, CancelToken, Recorder] | None = None
        self._ending = threading.Event()
        self._ended_at: float | None = None
        self._renewed = 0.0
        threading.Thread(target=self._hold, args=(lifeline,), name="lifeline", daemon=True).start()
        threading.Thread(target=self._run, name="watch", daemon=True).start()

    def end(self) -> None:
        """This process is to end: as soon as its job has stopped, or `exit_seconds` from now."""
        self._ending.set()

    @property
    def ending(self) -> bool:
        return self._ending.is_set()

    @contextmanager
    def unless_ending(self) -> Iterator[bool]:
        """Inside the block the process does not end by itself. Yields False when it is about to."""
        with self._lock:
            yield not self._ending.is_set()

    def attend(self, job_id: str, cancel: CancelToken, recorder: Recorder) -> None:
        """Called inside `unless_ending`."""
        self._job = (job_id, cancel, recorder)
        self._renewed = time.monotonic()

    @contextmanager
    def leaving(self) -> Iterator[None]:
        """The job ends inside the block: it is written there that the job is this worker's no more, and nothing is to wonder at it."""
        with self._lock:
            yield
            self._job = None

    def _hold(self, lifeline: int) -> None:
        try:
            while os.read(lifeline, 1):
                pass
        except OSError as error:
            _log.warning("the lifeline broke: %s", error)
        self._ending.set()

    def _run(self) -> None:
        parent = os.getppid()
        while True:
            if self._ending.is_set():
                time.sleep(TICK_SECONDS / 5)
            else:
                self._ending.wait(TICK_SECONDS if self._job else 5 * TICK_SECONDS)
            if os.getppid() != parent:
                self._ending.set()
            with self._lock:
                self._step()

    def _step(self) -> None:
        now = time.monotonic()
        trim_log(self._log_path)
        if self._ending.is_set() and self._ended_at is None:
            self._ended_at = now
        if self._job is None:
            if self._ending.is_set():
                leave_process()
            return
        job_id, cancel, recorder = self._job
        if self._ended_at is not None:
            cancel.cancel()
            if now - self._ended_at > self._exit_seconds:
                self._attempt(lambda: self._release(recorder))
                leave_process()
            return
        self._attempt(recorder.flush)
        self._attempt(lambda: self._hear(job_id, cancel, now))

    def _hear(self, job_id: str, cancel: CancelToken, now: float) -> None:
        with self._database.read() as db:
            row = db.execute("SELECT state, worker FROM jobs WHERE id=?", (job_id,)).fetchone()
        if row is None or row["worker"] != self._worker:
            # Somebody believed this process dead and gave the job away: two must not write one checkpoint.
            _log.error("job %s was taken from worker %s", job_id, self._worker)
            leave_process()
        if row["state"] == "stopping":
            cancel.cancel()
        if now - self._renewed >= HEARTBEAT_SECONDS:
            self._renewed = now
            with self._database.write() as db:
                transitions.renew(db, self._worker)

    def _release(self, recorder: Recorder) -> None:
        recorder.flush(now=True)
        with self._database.write() as db:
            transitions.release(db, self._worker)

    def _attempt(self, step: Callable[[], None]) -> None:
        """A full disk or a busy file now is no reason to stop watching."""
        try:
            step()
        except PtmError as error:
            _log.warning("watch: %s", error)


def leave_process() -> None:
    """End now, whatever other threads do; nothing is left half-written that a killed process would not leave."""
    os._exit(0)
