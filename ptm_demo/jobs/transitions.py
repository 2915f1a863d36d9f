"""The states of a job and every way from one to another, each one transaction.

::

    submit ─► queued ─claim─► running ─finish─► done | failed | stopped
                ▲  │             │ ▲
                │  └─ask_stop──► stopped      ask_stop ─► stopping ─finish─► stopped | failed (out of time) | done
                ├─release────────┤            the program ends: back to its place in the queue
                ├─bury (1st)─────┤            the worker died: once more, from its checkpoint
                │                └─bury (2nd)─► interrupted
                └─resume── stopped | failed | interrupted

A worker's writes name the worker, so one that lost its job (it was believed dead) changes nothing any more.
Knows nothing of processes: who has died is told to it.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ptm_demo.errors import JobError, JobInterrupted, JobNotFound, JobNotResumable, JobStillRunning, JobTimedOut, QueueFull
from ptm_demo.ids import new_id
from ptm_demo.jobs.model import RESUMABLE
from ptm_demo.jobs.queries import check_id

LEASE_SECONDS = 20.0
StopReason = Literal["cancel", "timeout"]


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that a worker has taken up."""

    id: str
    kind: str
    owner: str
    payload: dict[str, Any]
    attempt: int


def submit(db: sqlite3.Connection, kind: str, payload: str, owner: str, title: str, limits: tuple[int, int | None]) -> str:
    """Put a job at the end of the queue; `limits` are for all owners together and for each (None: no limit)."""
    _check_room(db, owner, limits)
    now = time.time()
    while True:
        job_id = new_id(now)
        if db.execute("SELECT 1 FROM jobs WHERE id=?", (job_id,)).fetchone() is None:
            break
    db.execute(
        "INSERT INTO jobs (id, kind, owner, title, state, rank, payload, created) VALUES (?, ?, ?, ?, 'queued', ?, ?, ?)",
        (job_id, kind, owner, title, _next_rank(db), payload, now),
    )
    return job_id


def resume(db: sqlite3.Connection, job_id: str, owner: str | None, limits: tuple[int, int | None]) -> None:
    """Put an ended job at the end of the queue again; the deaths of its workers are forgiven."""
    row = _owned(db, job_id, owner)
    if row["state"] not in RESUMABLE:
        raise JobNotResumable(job_id=job_id)
    _check_room(db, row["owner"], limits)
    db.execute(
        "UPDATE jobs SET state='queued', rank=?, deaths=0, stop_reason='', error=NULL, result=NULL, finished=NULL WHERE id=?",
        (_next_rank(db), job_id),
    )


def delete(db: sqlite3.Connection, job_id: str, owner: str | None) -> None:
    row = _owned(db, job_id, owner)
    if row["state"] in ("running", "stopping"):
        raise JobStillRunning(job_id=job_id)
    db.execute("DELETE FROM events WHERE job=?", (job_id,))
    db.execute("DELETE FROM jobs WHERE id=?", (job_id,))


def ask_stop(db: sqlite3.Connection, job_id: str, owner: str | None, reason: StopReason = "cancel") -> None:
    """A waiting job is stopped at once, a running one is asked to; an ended one stays as it is."""
    _owned(db, job_id, owner)
    now = time.time()
    db.execute("UPDATE jobs SET state='stopped', finished=? WHERE id=? AND state='queued'", (now, job_id))
    db.execute("UPDATE jobs SET state='stopping', stop_reason=? WHERE id=? AND state='running'", (reason, job_id))


def claim(db: sqlite3.Connection, worker: str, host: str, pid: int) -> Claim | None:
    """Give the first waiting job to `worker`, or None when nothing waits."""
    now = time.time()
    row = db.execute(
        "UPDATE jobs SET state='running', attempts=attempts+1, started=coalesce(started, :now), claimed=:now, finished=NULL,"
        " stop_reason='', worker=:worker, host=:host, pid=:pid, lease=:lease"
        " WHERE id=(SELECT id FROM jobs WHERE state='queued' ORDER BY rank LIMIT 1) RETURNING id, kind, owner, payload, attempts",
        {"now": now, "worker": worker, "host": host, "pid": pid, "lease": now + LEASE_SECONDS},
    ).fetchone()
    return None if row is None else Claim(row["id"], row["kind"], row["owner"], json.loads(row["payload"]), row["attempts"])


def renew(db: sqlite3.Connection, worker: str) -> None:
    """The worker lives: its lease is good for another while."""
    db.execute("UPDATE jobs SET lease=? WHERE worker=?", (time.time() + LEASE_SECONDS, worker))


def finish(
    db: sqlite3.Connection,
    worker: str,
    job_id: str,
    *,
    result: str | None = None,
    error: Mapping[str, Any] | None = None,
    minutes: float = 0.0,
) -> bool:
    """The handler has ended: with a result, with an error, or, with neither, because it was asked to stop.

    Returns False, having changed nothing, when the job is no longer this worker's.
    """
    row = db.execute("SELECT stop_reason FROM jobs WHERE id=? AND worker=?", (job_id, worker)).fetchone()
    if row is None:
        return False
    state = "done" if result is not None else "failed" if error is not None else "stopped"
    if state == "stopped" and row["stop_reason"] == "timeout":
        state, error = "failed", JobTimedOut(minutes=round(minutes, 2)).to_dict()
    _end(db, job_id, state, result, error)
    return True


def release(db: sqlite3.Connection, worker: str) -> None:
    """The program ends: what this worker had goes back to its place in the queue, unless it was to stop anyway."""
    for row in _held(db, worker):
        if row["stop_reason"] == "cancel":
            _end(db, row["id"], "stopped")
        else:
            _let_go(db, row["id"], time.time())
            db.execute("UPDATE jobs SET state='queued', stop_reason='' WHERE id=?", (row["id"],))


def bury(db: sqlite3.Connection, worker: str, reason: str, minutes: float) -> list[tuple[str, str]]:
    """The worker died. Returns (job id, new state) of what it had: waiting again after the first death, ended after the second."""
    moved: list[tuple[str, str]] = []
    for row in _held(db, worker):
        job_id = row["id"]
        error: JobError | None = None
        if row["stop_reason"] == "cancel":
            state = "stopped"
        elif row["stop_reason"] == "timeout":
            state, error = "failed", JobTimedOut(minutes=round(minutes, 2))
        elif row["deaths"] >= 1:
            state, error = "interrupted", JobInterrupted(reason=reason)
        else:
            state = "queued"
        if state == "queued":
            _let_go(db, job_id, time.time())
            db.execute("UPDATE jobs SET state='queued', deaths=deaths+1 WHERE id=?", (job_id,))
        else:
            _end(db, job_id, state, None, None if error is None else error.to_dict())
        moved.append((job_id, state))
    return moved


def _held(db: sqlite3.Connection, worker: str) -> list[sqlite3.Row]:
    found = db.execute("SELECT id, deaths, stop_reason FROM jobs WHERE worker=? AND state IN ('running', 'stopping')", (worker,))
    return found.fetchall()


def _end(db: sqlite3.Connection, job_id: str, state: str, result: str | None = None, error: Mapping[str, Any] | None = None) -> None:
    now = time.time()
    _let_go(db, job_id, now)
    db.execute(
        "UPDATE jobs SET state=?, result=?, error=?, finished=?, stop_reason='' WHERE id=?",
        (state, result, None if error is None else json.dumps(error), now, job_id),
    )


def _let_go(db: sqlite3.Connection, job_id: str, now: float) -> None:
    """The attempt is over: count its time, and name no worker any more."""
    db.execute(
        "UPDATE jobs SET seconds=seconds+max(0, :now-claimed), claimed=NULL, worker=NULL, host=NULL, pid=NULL, lease=NULL"
        " WHERE id=:id AND claimed IS NOT NULL",
        {"now": now, "id": job_id},
    )


def _owned(db: sqlite3.Connection, job_id: str, owner: str | None) -> sqlite3.Row:
    """The row, if there is one and it is the owner's; both failures read alike, so that nobody learns which ids exist."""
    check_id(job_id)
    row: sqlite3.Row | None = db.execute("SELECT * FROM jobs WHERE id=?", (job_id,)).fetchone()
    if row is None or (owner is not None and row["owner"] != owner):
        raise JobNotFound(job_id=job_id)
    return row


def _next_rank(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT coalesce(max(rank), 0) + 1 FROM jobs").fetchone()[0])


def _check_room(db: sqlite3.Connection, owner: str, limits: tuple[int, int | None]) -> None:
    in_all, each = limits
    if db.execute("SELECT count(*) FROM jobs WHERE state='queued'").fetchone()[0] >= in_all:
        raise QueueFull(limit=in_all)
    if each is not None and db.execute("SELECT count(*) FROM jobs WHERE state='queued' AND owner=?", (owner,)).fetchone()[0] >= each:
        raise QueueFull(limit=each)
