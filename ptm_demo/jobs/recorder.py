"""Writes a job's reports as events: few enough for a disk, and none that a curve would miss.

A report in the same stage as the one before and within `interval` of it waits; the next one takes its place, and `flush`
writes it when nothing follows. Changes of stage and evaluations ("eval_…" in the detail) are always written. When a job has
more than `limit` events every second plain one goes and the interval doubles, so the points that stay are evenly spread.
A report never fails: a full disk costs points of the curve, not the training.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time

from ptm_demo.errors import PtmError
from ptm_demo.jobs import queries
from ptm_demo.jobs.database import Database
from ptm_demo.progress import Progress

INTERVAL_SECONDS = 0.1
LIMIT = 5_000
_log = logging.getLogger(__name__)


class Recorder:
    """The reports of one attempt at one job. Safe to call from several threads."""

    def __init__(self, database: Database, job_id: str, attempt: int, *, interval: float = INTERVAL_SECONDS, limit: int = LIMIT) -> None:
        self._database, self._job_id, self._attempt = database, job_id, attempt
        self._interval, self._limit = interval, limit
        self._lock = threading.Lock()
        self._stage = ""
        self._written = -1e9  # monotonic time of the last write
        self._waiting: Progress | None = None
        self._count: int | None = None

    def report(self, progress: Progress) -> None:
        with self._lock:
            marked = progress.stage != self._stage or any(key.startswith("eval_") for key in progress.detail)
            if not marked and time.monotonic() - self._written < self._interval:
                self._waiting = progress
                return
            # What waited is the last word of its stage, or the training point just before an evaluation: keep it.
            waited, self._waiting = self._waiting if marked else None, None
            self._stage = progress.stage
            self._write([(item, is_marked) for item, is_marked in ((waited, False), (progress, marked)) if item is not None])

    def flush(self, *, now: bool = False) -> None:
        """Write the report that waits, if its interval is over (or at once)."""
        with self._lock:
            if self._waiting is not None and (now or time.monotonic() - self._written >= self._interval):
                waited, self._waiting = self._waiting, None
                self._write([(waited, False)])

    def _write(self, reports: list[tuple[Progress, bool]]) -> None:
        self._written = time.monotonic()
        try:
            rows = [(self._job_id, self._attempt, time.time(), int(marked), queries.write_progress(p)) for p, marked in reports]
            with self._database.write() as db:
                db.executemany("INSERT INTO events (job, attempt, time, marked, progress) VALUES (?, ?, ?, ?, ?)", rows)
                if self._count is None:
                    self._count = self._counted(db)
                else:
                    self._count += len(rows)
                if self._count > self._limit:
                    self._thin(db)
        except (PtmError, TypeError, ValueError) as error:
            _log.warning("a report of %s was not kept: %s", self._job_id, error)

    def _thin(self, db: sqlite3.Connection) -> None:
        before = self._counted(db)
        _drop_every_second(db, self._job_id, marked=0)
        if self._counted(db) > before * 3 // 4:  # mostly evaluations: they must give way too
            _drop_every_second(db, self._job_id, marked=1)
        self._count = self._counted(db)
        self._interval *= 2

    def _counted(self, db: sqlite3.Connection) -> int:
        return int(db.execute("SELECT count(*) FROM events WHERE job=?", (self._job_id,)).fetchone()[0])


def _drop_every_second(db: sqlite3.Connection, job_id: str, *, marked: int) -> None:
    """The first and the last stay, all others alternate."""
    db.execute(
        "DELETE FROM events WHERE seq IN (SELECT seq FROM (SELECT seq, row_number() OVER (ORDER BY seq) AS n, count(*) OVER () AS total"
        " FROM events WHERE job=? AND marked=?) WHERE n % 2 = 0 AND n < total)",
        (job_id, marked),
    )
