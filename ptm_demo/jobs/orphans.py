"""What another program left behind when it ended: jobs that its workers held, and folders of jobs that are gone."""

from __future__ import annotations

import logging
import platform
import shutil
import time
from pathlib import Path

from ptm_demo.ids import is_id
from ptm_demo.jobs.database import Database
from ptm_demo.jobs.process import is_worker, kill_group

_DAY = 86_400.0
_log = logging.getLogger(__name__)


def dead(database: Database, mine: set[str], patience: float) -> list[tuple[str, str]]:
    """Workers that hold a job, are not in `mine`, and no longer live: (token, why that is known).

    A stranger's worker on this machine has lost its program (whose lock is ours now) and ends by itself within `patience` seconds;
    then it is killed. One of another machine or container cannot be seen: its lease tells.
    """
    with database.read() as db:
        rows = db.execute("SELECT DISTINCT worker, host, pid, lease, claimed FROM jobs WHERE state IN ('running', 'stopping')").fetchall()
    found: list[tuple[str, str]] = []
    for row in rows:
        token, pid = row["worker"], row["pid"]
        if token in mine:
            continue
        if row["host"] != platform.node():
            if time.time() > row["lease"]:
                found.append((token, "its machine is gone"))
            continue
        if not _gone_within(patience, pid, token):
            _log.warning("worker %s outlived its program and is killed", token)
            kill_group(pid)
            if not _gone_within(5.0, pid, token):
                continue  # stuck in the kernel: looked at again in a second
        found.append((token, "the program ended"))
    return found


def _gone_within(seconds: float, pid: int, token: str) -> bool:
    deadline = time.monotonic() + seconds
    while is_worker(pid, token):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def sweep(folder: Path, database: Database) -> None:
    """Remove work folders without a job. Young ones stay: the list of jobs may have been restored from a copy."""
    root = folder / "work"
    if not root.is_dir():
        return
    with database.read() as db:
        known = {row["id"] for row in db.execute("SELECT id FROM jobs")}
    for path in root.iterdir():
        if is_id(path.name) and path.name not in known and time.time() - path.stat().st_mtime > _DAY:
            shutil.rmtree(path, ignore_errors=True)
