"""Keeps the workers of one folder alive, and gives back what the dead ones held. One supervisor a folder, whoever comes first.

A thread in the program. It holds a file lock; another program on the same folder may read and submit, and takes over when
this one ends. Time is measured by the monotonic clock, so a laptop that slept does not time its job out.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from filelock import FileLock, Timeout

from ptm_demo.errors import PtmError
from ptm_demo.jobs import orphans, transitions
from ptm_demo.jobs.database import Database
from ptm_demo.jobs.options import WorkerOptions
from ptm_demo.jobs.process import WorkerProcess

TICK_SECONDS = 0.1
LOCK_SECONDS = 2.0  # how often the lock is tried
SILENCE_SECONDS = 180.0  # a worker whose lease stood still for so long is hung
_BACKOFF_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_log = logging.getLogger(__name__)


class Supervisor:
    """Runs `count` workers from `start` to `stop`."""

    def __init__(self, folder: Path, database: Database, options: WorkerOptions, environ: Mapping[str, str], count: int = 1) -> None:
        self._folder, self._database, self._options, self._environ = folder, database, options, dict(environ)
        self._lock = FileLock(folder / "supervisor.lock", thread_local=False)
        self._slots = [_Slot() for _ in range(count)]
        self._clocks: dict[tuple[str, int], _Clock] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="jobs-supervisor", daemon=True)
        self._next_lock = self._next_orphans = 0.0

    @property
    def in_charge(self) -> bool:
        """This program has the lock and the workers."""
        return bool(self._lock.is_locked)

    def start(self) -> None:
        self._try_lock()
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Let the workers keep their checkpoints and end; kill those that have not within `seconds`."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(seconds + 15)
        deadline = time.monotonic() + seconds
        alive = [slot.process for slot in self._slots if slot.process is not None]
        for process in alive:
            process.ask_to_end()
        for process in alive:
            if not process.wait(deadline - time.monotonic()):
                _log.warning("worker %s did not end by itself", process.token)
                process.kill()
            process.clean_up()
            try:
                with self._database.write() as db:
                    transitions.release(db, process.token)  # killed by us: not a death that counts
            except PtmError as error:
                _log.warning("a job could not be put back into the queue now; the next start will: %s", error)
        self._lock.release()

    def pids(self) -> list[int]:
        return [slot.process.pid for slot in self._slots if slot.process is not None and slot.process.ended() is None]

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._tick()
            except (PtmError, OSError) as error:
                _log.warning("supervisor: %s", error)
            self._stopping.wait(TICK_SECONDS)

    def _tick(self) -> None:
        if not self.in_charge and not self._try_lock():
            return
        for slot in self._slots:
            self._mind(slot)
        now = time.monotonic()
        if now >= self._next_orphans:
            self._next_orphans = now + 1.0
            mine = {slot.process.token for slot in self._slots if slot.process is not None}
            for token, reason in orphans.dead(self._database, mine, self._options.exit_seconds + 1.0):
                self._bury(token, reason)
        self._watch_clocks(now)

    def _try_lock(self) -> bool:
        now = time.monotonic()
        if now < self._next_lock:
            return False
        self._next_lock = now + LOCK_SECONDS
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        orphans.sweep(self._folder, self._database)
        return True

    def _mind(self, slot: _Slot) -> None:
        """See whether the slot's worker lives; bury it if not, and start another when it is time."""
        if slot.process is not None:
            reason = slot.process.ended()
            if reason is None:
                return
            slot.process.clean_up()
            had_job = self._bury(slot.process.token, reason)
            short_lived = time.monotonic() - slot.started < 10.0
            slot.failures = slot.failures + 1 if short_lived and not had_job else 0
            slot.not_before = time.monotonic() + (_BACKOFF_SECONDS[min(slot.failures, len(_BACKOFF_SECONDS)) - 1] if slot.failures else 0.0)
            slot.process = None
        if time.monotonic() >= slot.not_before:
            slot.started = time.monotonic()
            slot.not_before = slot.started + 5.0  # should the system refuse to start one
            slot.process = WorkerProcess(self._folder, self._options, self._environ)

    def _bury(self, token: str, reason: str) -> bool:
        with self._database.write() as db:
            moved = transitions.bury(db, token, reason, self._options.job_minutes)
        for job_id, state in moved:
            _log.warning("worker %s ended (%s); job %s is now %s", token, reason, job_id, state)
        return bool(moved)

    def _watch_clocks(self, now: float) -> None:
        """Stop what takes too long; kill what does not stop, and what says nothing any more."""
        with self._database.read() as db:
            rows = db.execute("SELECT id, attempts, state, worker, lease FROM jobs WHERE state IN ('running', 'stopping')").fetchall()
        clocks: dict[tuple[str, int], _Clock] = {}
        by_token = {slot.process.token: slot.process for slot in self._slots if slot.process is not None}
        for row in rows:
            if row["worker"] not in by_token:
                continue
            clock = clocks[row["id"], row["attempts"]] = self._clocks.get((row["id"], row["attempts"])) or _Clock(now, row["lease"], now)
            if row["lease"] != clock.lease:
                clock.lease, clock.lease_seen = row["lease"], now
            if row["state"] == "stopping" and clock.stop_seen is None:
                clock.stop_seen = now
            if row["state"] == "running" and now - clock.started > self._options.job_minutes * 60:
                with self._database.write() as db:
                    transitions.ask_stop(db, row["id"], None, "timeout")
            slow = clock.stop_seen is not None and now - clock.stop_seen > self._options.grace_seconds
            if slow or now - clock.lease_seen > SILENCE_SECONDS:
                _log.warning("worker %s is killed: its job %s %s", row["worker"], row["id"], "does not stop" if slow else "is silent")
                by_token[row["worker"]].kill()
        self._clocks = clocks


class _Slot:
    """Room for one worker."""

    def __init__(self) -> None:
        self.process: WorkerProcess | None = None
        self.started = self.not_before = 0.0
        self.failures = 0


class _Clock:
    """What was seen of one attempt, and when, by the monotonic clock."""

    def __init__(self, started: float, lease: float, lease_seen: float) -> None:
        self.started, self.lease, self.lease_seen = started, lease, lease_seen
        self.stop_seen: float | None = None
