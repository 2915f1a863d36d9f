from __future__ import annotations

import dataclasses
import math
import os
import shutil
import time
from pathlib import Path

import pytest

from ptm_demo.errors import BadOption, FileMissing, FolderNotEmpty, RunBroken, RunNotFound, StoreError
from ptm_demo.results import CurvePoint
from ptm_demo.store import RunStore, draft_run, open_run
from ptm_demo.store.run import seal_run
from tests.unit.store.conftest import FACTS, fill, keep


def test_a_kept_run_is_what_was_given(store: RunStore) -> None:
    summary = keep(store, owner="ann")
    run = store.get(summary.id)
    assert run.summary == summary
    assert (summary.name, summary.owner, summary.labels, summary.seconds) == ("reviews", "ann", ("bad", "good"), 12)
    assert Path(summary.path) == store.root / summary.id == run.path
    assert summary.bytes == sum(path.stat().st_size for path in run.path.rglob("*") if path.is_file() and path.name != "manifest.json")
    history = run.read("history.json", list[CurvePoint])
    assert history[1] == CurvePoint(2, 1.0, eval_loss=0.25)
    assert math.isnan(history[0].loss)
    run.verify()
    with pytest.raises(FileMissing):
        run.file("../manifest.json")


def test_a_draft_is_seen_by_nobody_and_leaves_nothing(store: RunStore) -> None:
    with store.draft() as draft:
        fill(draft)
        assert list(store.list()) == []
        with pytest.raises(RunNotFound):
            store.get(draft.id)
    assert not draft.path.exists()
    with pytest.raises(ZeroDivisionError), store.draft() as second:
        fill(second)
        _ = 1 / 0
    assert not second.path.exists()
    assert list(store.list()) == []


def test_an_os_error_while_drafting_is_one_sentence(store: RunStore) -> None:
    with pytest.raises(StoreError, match="the run: No such file"), store.draft() as draft:
        (draft.path / "nowhere" / "x").write_text("")


def test_list_is_newest_first_and_by_owner(store: RunStore) -> None:
    for n, owner in enumerate(["ann", "bob", "ann"]):
        keep(store, name=str(n), owner=owner, created=f"2026-01-0{n + 1}T00:00:00+00:00")
    assert [run.name for run in store.list()] == ["2", "1", "0"]
    assert [run.name for run in store.list("ann")] == ["2", "0"]
    assert list(store.list("eve")) == []
    assert store.bytes_used("bob") == store.list("bob")[0].bytes > 0


def test_a_strangers_run_is_answered_like_an_absent_one(store: RunStore) -> None:
    run_id = keep(store, owner="ann").id
    absent = "20200101-00000000"
    for action in (
        lambda i: store.get(i, owner="bob"),
        lambda i: store.rename(i, "x", owner="bob"),
        lambda i: store.delete(i, owner="bob"),
        lambda i: store.verify(i, owner="bob"),
    ):
        said = []
        for asked in (run_id, absent):
            with pytest.raises(RunNotFound) as caught:
                action(asked)
            said.append(str(caught.value).replace(asked, "ID"))
        assert said[0] == said[1]
    assert store.get(run_id, owner="ann").summary.name == "reviews"


@pytest.mark.parametrize(
    "text", ["", ".", "..", "../runs", ".staging", "/etc", "20200101-0000000g", "20200101-00000000/..", "a\x00", "20200101-00000000\n"]
)
def test_only_ids_are_looked_up(store: RunStore, text: str) -> None:
    keep(store)
    for action in (store.get, store.delete, store.verify, lambda i: store.rename(i, "x")):
        with pytest.raises(RunNotFound):
            action(text)


def test_rename(store: RunStore) -> None:
    summary = keep(store)
    renamed = store.rename(summary.id, "  新名字 ")
    assert renamed == dataclasses.replace(summary, name="新名字")
    assert list(store.list()) == [renamed]
    assert RunStore(store.root).get(summary.id).summary == renamed
    store.verify(summary.id)
    with pytest.raises(BadOption):
        store.rename(summary.id, "a\nb")
    assert store.get(summary.id).summary == renamed


def test_delete_frees_the_bytes(store: RunStore) -> None:
    kept, gone = keep(store), keep(store)
    size = sum(path.stat().st_size for path in Path(gone.path).rglob("*") if path.is_file())
    assert store.delete(gone.id) == size
    assert [run.id for run in store.list()] == [kept.id]
    assert not Path(gone.path).exists()
    assert list((store.root / ".trash").iterdir()) == []
    with pytest.raises(RunNotFound):
        store.delete(gone.id)


def test_a_run_moves_with_its_folder(store: RunStore, tmp_path: Path) -> None:
    summary = keep(store)
    moved = tmp_path / "elsewhere" / "my run"
    shutil.copytree(summary.path, moved)
    run = store.open(moved)
    run.verify()
    assert run.summary == dataclasses.replace(summary, path=str(moved))
    assert store.find(moved).path == moved
    assert store.find(str(moved)).path == moved
    assert store.find(summary.id).path == Path(summary.path)
    with pytest.raises(RunNotFound):
        store.find("no-such-run")


def test_a_run_can_be_written_to_any_new_folder(store: RunStore, tmp_path: Path) -> None:
    out = tmp_path / "out" / "run"
    with store.draft(out) as draft:
        fill(draft)
        summary = store.commit(draft, **FACTS)
    assert summary.path == str(out)
    assert open_run(out).summary == summary
    assert list(store.list()) == []
    assert [path.name for path in out.parent.iterdir()] == ["run"]

    empty = tmp_path / "empty"
    empty.mkdir()
    with draft_run(empty) as draft:
        fill(draft)
        seal_run(draft, **FACTS)
    open_run(empty).verify()

    with pytest.raises(FolderNotEmpty), store.draft(out):
        pass
    (tmp_path / "file").write_text("x")
    with pytest.raises(FolderNotEmpty), store.draft(tmp_path / "file"):
        pass


def test_a_job_that_is_done_again_makes_no_second_run(store: RunStore) -> None:
    job_id = "20261124-7f3a9c05"
    (store.root / ".staging" / job_id / "adapter").mkdir(parents=True)  # what a killed attempt left
    with store.draft(run_id=job_id) as draft:
        fill(draft)
        summary = store.commit(draft, **FACTS)
    assert summary.id == job_id
    assert store.get(job_id).summary == summary
    with pytest.raises(FolderNotEmpty), store.draft(run_id=job_id):
        pass
    assert list(store.list()) == [summary]
    with pytest.raises(BadOption), store.draft(run_id="../x"):
        pass


def test_a_target_that_filled_up_meanwhile_is_left_alone(store: RunStore, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(FolderNotEmpty), store.draft(out) as draft:
        fill(draft)
        out.mkdir()
        (out / "precious").write_text("x")
        store.commit(draft, **FACTS)
    assert (out / "precious").read_text() == "x"


def test_what_a_crash_left_goes_after_a_day(store: RunStore) -> None:
    old, young = store.root / ".staging" / "20200101-00000000", store.root / ".staging" / "20200102-00000000"
    for path in (old, young):
        path.mkdir(parents=True)
        (path / "labels.json").write_text("[]")
    before = time.time() - 100_000
    for path in (old / "labels.json", old):
        os.utime(path, (before, before))
    (store.root / ".trash" / "x").mkdir(parents=True)
    again = RunStore(store.root)
    assert not old.exists()
    assert young.exists()
    assert list((store.root / ".trash").iterdir()) == []
    assert list(again.list()) == []


def test_folders_that_are_no_runs_are_not_listed(store: RunStore) -> None:
    kept = keep(store)
    for name in ("20200101-00000000", "notes", "20200101-00000001"):
        (store.root / name).mkdir()
    (store.root / "20200101-00000001" / "manifest.json").write_text("{}")
    (store.root / "20200101-00000002").write_text("a file")
    shutil.copytree(kept.path, store.root / "copy of a run")
    assert [run.id for run in store.list()] == [kept.id]
    with pytest.raises(RunNotFound):
        store.get("20200101-00000000")
    with pytest.raises(RunBroken, match="damaged"):
        store.get("20200101-00000001")
    assert store.delete("20200101-00000001") == 2


def test_a_thousand_runs_are_listed_at_once(store: RunStore) -> None:
    first = keep(store)
    for n in range(1, 1000):
        shutil.copytree(first.path, store.root / f"20200101-{n:08x}")
    begun = time.perf_counter()
    assert len(store.list()) == 1000
    cold = time.perf_counter() - begun
    begun = time.perf_counter()
    runs = store.list()
    warm = time.perf_counter() - begun
    assert len({run.id for run in runs}) == 1000
    assert cold < 3.0
    assert warm < 1.0
    store.rename("20200101-00000007", "new")
    assert {run.id for run in store.list() if run.name == "new"} == {"20200101-00000007"}
    store.delete("20200101-00000008")
    assert len(store.list()) == 999


def test_a_name_that_no_person_typed_never_stops_a_commit(store: RunStore) -> None:
    assert keep(store, name="a\n\x00b" + "c" * 100).name == ("a b" + "c" * 100)[:80]
    assert keep(store, name="\n").name == "builtin:minilm"
