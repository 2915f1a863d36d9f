from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ptm_demo.errors import StoreError
from ptm_demo.jobs import Event, queries
from ptm_demo.jobs.database import Database
from ptm_demo.jobs.recorder import Recorder
from ptm_demo.progress import Progress


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path, durable=False)
    yield database
    database.close()


def events(database: Database, after: int = 0) -> list[Event]:
    with database.read() as db:
        return queries.events(db, "j", after)


def step(n: float, **detail: object) -> Progress:
    return Progress("train", n, 100, "steps", detail)


def test_a_flood_becomes_a_few_and_the_last_is_not_lost(database: Database) -> None:
    recorder = Recorder(database, "j", 1, interval=0.05)
    begun = time.monotonic()
    for n in range(2000):
        recorder.report(step(n))
    took = time.monotonic() - begun
    recorder.flush(now=True)
    kept = events(database)
    assert kept[0].progress.done == 0
    assert kept[-1].progress.done == 1999
    assert len(kept) <= took / 0.05 + 3


def test_changes_of_stage_and_evaluations_are_all_kept_with_what_came_just_before(database: Database) -> None:
    recorder = Recorder(database, "j", 2, interval=60)
    reports = [
        Progress("load"),
        step(1),
        step(2),
        step(2, eval_loss=0.5),
        step(3),
        step(4, eval_macro_f1=1.0),
        step(5),
        Progress("save", 0),
    ]
    for report in reports:
        recorder.report(report)
    kept = events(database)
    assert [event.progress for event in kept] == reports  # each is a change, an evaluation, or the last before one
    assert {event.attempt for event in kept} == {2}
    assert events(database, after=kept[2].seq) == kept[3:]


def test_flush_waits_for_its_time(database: Database) -> None:
    recorder = Recorder(database, "j", 1, interval=0.2)
    recorder.report(step(1))
    recorder.report(step(2))
    recorder.flush()
    assert len(events(database)) == 1
    time.sleep(0.25)
    recorder.flush()
    assert [event.progress.done for event in events(database)] == [1, 2]
    recorder.flush()
    assert len(events(database)) == 2


def test_points_are_thinned_evenly_and_the_evaluations_stay(database: Database) -> None:
    recorder = Recorder(database, "j", 1, interval=0.0, limit=200)
    for n in range(1, 2001):
        recorder.report(step(n))
        if n % 100 == 0:
            recorder.report(step(n, eval_loss=1.0))
        recorder._interval = 0.0  # as if each report came after its interval
    kept = events(database)
    assert 60 <= len(kept) <= 200
    assert sum("eval_loss" in event.progress.detail for event in kept) == 20
    assert kept[0].progress.done == 1
    assert kept[-1].progress.done == 2000
    assert [event.seq for event in kept] == sorted(event.seq for event in kept)


def test_the_interval_grows_with_each_thinning(database: Database) -> None:
    recorder = Recorder(database, "j", 1, interval=0.001, limit=20)
    for n in range(60):
        recorder.report(step(n))
        time.sleep(0.002)
    assert recorder._interval >= 0.004


def test_even_evaluations_give_way_in_the_end(database: Database) -> None:
    recorder = Recorder(database, "j", 1, limit=100)
    for n in range(1000):
        recorder.report(step(n, eval_loss=n))
    kept = events(database)
    assert len(kept) <= 100
    assert kept[-1].progress.done == 999


def test_details_of_any_kind_are_kept(database: Database) -> None:
    recorder = Recorder(database, "j", 1)
    recorder.report(step(1, loss=np.float32(0.5), eval_loss=float("nan"), path=Path("/a"), labels=("a", "b"), ids=np.arange(2)))
    detail = events(database)[0].progress.detail
    assert (detail["loss"], detail["path"], detail["labels"], detail["ids"]) == (0.5, "/a", ["a", "b"], [0, 1])
    assert detail["eval_loss"] != detail["eval_loss"]


def test_a_report_never_fails(database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    recorder = Recorder(database, "j", 1)
    recorder.report(Progress("train", detail={"x": {(1, 2): 3}}))  # no JSON has such a key

    def broken() -> None:
        raise StoreError(detail="the disk is gone")

    monkeypatch.setattr(database, "write", broken)
    recorder.report(Progress("save"))
    assert "the disk is gone" in caplog.text
    assert events(database) == []
