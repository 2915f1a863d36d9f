"""One SQLite file with two tables, jobs and events, shared by several threads and processes.

Translates what SQLite raises into the studio's errors. Knows nothing of what the states of a job mean.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ptm_demo.errors import StoreError, disk_full

VERSION = 1
BUSY_SECONDS = 15.0
FILE_NAME = "jobs.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, owner TEXT NOT NULL, title TEXT NOT NULL,
    state TEXT NOT NULL, rank INTEGER NOT NULL, payload TEXT NOT NULL, result TEXT, error TEXT,
    created REAL NOT NULL, started REAL, finished REAL,
    attempts INTEGER NOT NULL DEFAULT 0,      -- how often a worker took it
    deaths INTEGER NOT NULL DEFAULT 0,        -- how often a worker died over it since the user last asked for it
    seconds REAL NOT NULL DEFAULT 0,          -- of the attempts that have ended
    claimed REAL,                             -- when the present attempt began
    stop_reason TEXT NOT NULL DEFAULT '',     -- why it is "stopping": cancel, timeout
    worker TEXT, host TEXT, pid INTEGER,      -- who has it now
    lease REAL                                -- until when that worker is believed to live
);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs(state, rank);
CREATE INDEX IF NOT EXISTS jobs_by_created ON jobs(created);
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL, attempt INTEGER NOT NULL, time REAL NOT NULL,
    marked INTEGER NOT NULL,                  -- a change of stage or an evaluation: thinned last
    progress TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS events_by_job ON events(job, seq);
CREATE VIEW IF NOT EXISTS jobs_seen AS SELECT *,
    (SELECT e.progress FROM events e WHERE e.job=jobs.id ORDER BY e.seq DESC LIMIT 1) AS latest,
    CASE state WHEN 'queued' THEN (SELECT count(*) FROM jobs q WHERE q.state='queued' AND q.rank<=jobs.rank) ELSE 0 END AS place
    FROM jobs;
"""

_log = logging.getLogger(__name__)


class Database:
    """Connections to `folder`/jobs.sqlite: one for reading, one for writing, each behind a lock.

    `durable=False` lets a power cut (not a killed process) take the last writes; right for progress, wrong for results.

    Raises:
        DiskFull: a write found no room. StoreError: the file cannot be used otherwise.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = folder / FILE_NAME
        self._durable = durable
        self._read_lock = threading.Lock()
        self._write_lock = threading.Lock()
        with translated():
            try:
                self._writer = self._connect()
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                _set_aside(self.path)  # not a database any more: keep the bytes, and keep the studio usable
                self._writer = self._connect()
            self._reader = self._connect()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """The reading connection, inside one consistent snapshot."""
        with self._read_lock, translated():
            self._reader.execute("BEGIN")
            try:
                yield self._reader
            finally:
                self._reader.execute("ROLLBACK")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """The writing connection, inside one transaction that is kept unless the block raises."""
        with self._write_lock, translated():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # SQLite has rolled back by itself when the disk is full
                    self._writer.execute("ROLLBACK")
                raise

    def close(self) -> None:
        with self._read_lock, self._write_lock:
            self._reader.close()
            self._writer.close()

    def _connect(self) -> sqlite3.Connection:
        link = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            link.row_factory = sqlite3.Row
            link.execute("PRAGMA journal_mode=WAL")
            link.execute(f"PRAGMA synchronous={'FULL' if self._durable else 'NORMAL'}")
            link.execute("PRAGMA journal_size_limit=16777216")
            version = link.execute("PRAGMA user_version").fetchone()[0]
            if version > VERSION:
                raise StoreError(detail="the list of jobs was written by a newer version of this program")
            if version < VERSION:
                link.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version={VERSION}; COMMIT;")
        except BaseException:
            link.close()
            raise
        return link


@contextmanager
def translated() -> Iterator[None]:
    """Turn what SQLite raises inside the block into the studio's errors."""
    try:
        yield
    except sqlite3.Error as error:
        full = disk_full(error, "the list of jobs")
        raise full or StoreError(detail=f"the list of jobs: {error}") from error


def _set_aside(path: Path) -> None:
    stamp = f"broken-{int(time.time())}-{os.getpid()}"
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.replace(path.with_name(f"{path.name}.{stamp}{suffix}"))
    _log.error("%s could not be read; it was set aside as %s.%s and a new one begun", path.name, path.name, stamp)
