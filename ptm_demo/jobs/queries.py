"""Rows read as Job and Event. Changes nothing."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable
from typing import Any

from ptm_demo.errors import JobNotFound
from ptm_demo.ids import is_id
from ptm_demo.jobs.model import Event, Job
from ptm_demo.progress import Progress


def get(db: sqlite3.Connection, job_id: str, owner: str | None) -> Job:
    check_id(job_id)
    row = db.execute("SELECT * FROM jobs_seen WHERE id=?", (job_id,)).fetchone()
    if row is None or (owner is not None and row["owner"] != owner):
        raise JobNotFound(job_id=job_id)
    return _job(row)


def check_id(job_id: str) -> None:
    """Raises JobNotFound for what cannot be an id; some such texts (a lone surrogate) could not even be looked up."""
    if not is_id(job_id):
        raise JobNotFound(job_id=job_id[:40].encode("ascii", "replace").decode())


def listed(db: sqlite3.Connection, owner: str | None, states: Iterable[str] | None, limit: int) -> list[Job]:
    """Newest first."""
    wanted = None if states is None else json.dumps(list(states))
    rows = db.execute(
        "SELECT * FROM jobs_seen WHERE (:owner IS NULL OR owner=:owner)"
        " AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states))) ORDER BY created DESC, rank DESC LIMIT :limit",
        {"owner": owner, "states": wanted, "limit": limit},
    )
    return [_job(row) for row in rows]


def events(db: sqlite3.Connection, job_id: str, after: int) -> list[Event]:
    rows = db.execute("SELECT seq, attempt, time, progress FROM events WHERE job=? AND seq>? ORDER BY seq", (job_id, after))
    return [Event(row["seq"], read_progress(row["progress"]), row["time"], row["attempt"]) for row in rows]


def write_progress(progress: Progress) -> str:
    """JSON text; a detail that JSON has no form for (a NumPy number, a path) is written as a number or as text."""
    return json.dumps([progress.stage, progress.done, progress.total, progress.unit, dict(progress.detail)], default=plain)


def read_progress(text: str) -> Progress:
    stage, done, total, unit, detail = json.loads(text)
    return Progress(stage, done, total, unit, detail)


def plain(value: Any) -> Any:
    """`json.dumps(default=…)`: what is nearest to the value among the things that JSON knows."""
    if hasattr(value, "tolist"):  # NumPy scalars and arrays
        return value.tolist()
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    return str(value)


def _job(row: sqlite3.Row) -> Job:
    running = row["claimed"] is not None
    return Job(
        id=row["id"],
        kind=row["kind"],
        owner=row["owner"],
        title=row["title"],
        state=row["state"],
        place=row["place"],
        payload=json.loads(row["payload"]),
        result=_maybe(row["result"]),
        error=_maybe(row["error"]),
        progress=None if row["latest"] is None else read_progress(row["latest"]),
        created=row["created"],
        started=row["started"],
        finished=row["finished"],
        attempts=row["attempts"],
        seconds=row["seconds"] + (max(0.0, time.time() - row["claimed"]) if running else 0.0),
    )


def _maybe(text: str | None) -> Any:
    return None if text is None else json.loads(text)
