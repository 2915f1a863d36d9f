from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from ptm_demo.errors import DiskFull, StoreError
from ptm_demo.jobs.database import Database, translated
from ptm_demo.jobs.limits import limit_cpu
from ptm_demo.jobs.log import trim_log
from tests.unit.jobs.conftest import make


def test_a_write_is_all_or_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path)
    with pytest.raises(ZeroDivisionError), database.write() as db:
        db.execute("INSERT INTO events (job, attempt, time, marked, progress) VALUES ('j', 1, 0, 0, '[]')")
        _ = 1 / 0
    with database.read() as db:
        assert db.execute("SELECT count(*) FROM events").fetchone()[0] == 0
    with database.write() as db:  # and the next one works
        db.execute("INSERT INTO events (job, attempt, time, marked, progress) VALUES ('j', 1, 0, 0, '[]')")
    assert [row[0] for row in sqlite3.connect(database.path).execute("PRAGMA journal_mode")] == ["wal"]


def test_readers_do_not_wait_for_a_writer(tmp_path: Path) -> None:
    database, other = Database(tmp_path), Database(tmp_path)
    with database.write() as db:
        db.execute("INSERT INTO events (job, attempt, time, marked, progress) VALUES ('j', 1, 0, 0, '[]')")
        begun = time.monotonic()
        for reader in (database, other):
            with reader.read() as seen:
                assert seen.execute("SELECT count(*) FROM events").fetchone()[0] == 0
        assert time.monotonic() - begun < 1


@pytest.mark.parametrize("content", [b"no database at all" * 500, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_set_aside(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "jobs.sqlite").write_bytes(content)
    jobs = make(tmp_path)
    assert jobs.get(jobs.submit("echo", {})).state == "queued"
    aside = [path for path in tmp_path.iterdir() if "broken" in path.name]
    assert len(aside) == 1
    assert aside[0].read_bytes() == content


def test_a_newer_database_is_left_alone(tmp_path: Path) -> None:
    link = sqlite3.connect(tmp_path / "jobs.sqlite")
    link.execute("PRAGMA user_version=99")
    link.close()
    with pytest.raises(StoreError, match="newer version"):
        Database(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir() if "broken" in path.name) == []


def test_a_full_disk_is_told_as_such() -> None:
    with pytest.raises(DiskFull, match="the list of jobs"), translated():
        raise sqlite3.OperationalError("database or disk is full")
    with pytest.raises(StoreError, match="database is locked"), translated():
        raise sqlite3.OperationalError("database is locked")


def test_jobs_on_a_full_disk(tmp_path: Path) -> None:
    jobs = make(tmp_path)
    kept = jobs.submit("echo", {})
    writer = jobs._database._writer
    pages = writer.execute("PRAGMA page_count").fetchone()[0]
    writer.execute(f"PRAGMA max_page_count={pages}")  # SQLite then says what it says on a full disk
    with pytest.raises(DiskFull, match="the list of jobs"):
        for _ in range(100):
            jobs.submit("echo", {"text": "x" * 10_000})
    listed = jobs.list()
    assert kept in [job.id for job in listed]
    assert jobs.cancel(kept).state == "stopped"
    writer.execute("PRAGMA max_page_count=1000000")
    jobs.submit("echo", {"text": "x" * 10_000})
    assert len(jobs.list()) == len(listed) + 1


def test_a_log_is_kept_small_while_it_is_written(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    with log.open("ab", buffering=0) as file:
        for n in range(300):
            file.write(b"%099d\n" % n)
            trim_log(log, limit=1000)
    assert log.stat().st_size <= 1100
    ends = log.with_name("a.log.1").read_bytes() + log.read_bytes()
    assert ends.endswith(b"%099d\n" % 299)
    trim_log(tmp_path / "absent.log")


def test_cpu_time_can_be_limited_again_and_again() -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_CPU)
    try:
        for seconds in (50_000, 90_000, 40_000):
            limit_cpu(seconds)
            soft, _ = resource.getrlimit(resource.RLIMIT_CPU)
            assert seconds <= soft <= seconds + 10_000
    finally:
        resource.setrlimit(resource.RLIMIT_CPU, before)
