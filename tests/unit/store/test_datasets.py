from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from ptm_demo.errors import DatasetNotFound, DiskFull, FileMissing, StorageQuota
from ptm_demo.store import DatasetStore
from tests.unit.store.test_run_faults import largest_file

CSV = "text,label\nhello,a\n".encode("utf-16")


@pytest.fixture
def tables(tmp_path: Path) -> DatasetStore:
    return DatasetStore(tmp_path / "datasets")


@pytest.mark.parametrize("kind", ["bytes", "path"])
def test_a_table_is_kept_as_it_came(tables: DatasetStore, tmp_path: Path, kind: str) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes(CSV)
    dataset_id = tables.add(CSV if kind == "bytes" else source, "my data.csv", "ann")
    assert tables.path(dataset_id).read_bytes() == CSV
    info = tables.info(dataset_id, owner="ann")
    assert (info.id, info.owner, info.name, info.bytes) == (dataset_id, "ann", "my data.csv", len(CSV))
    assert info.sha256 == hashlib.sha256(CSV).hexdigest()
    assert abs(info.created - time.time()) < 5
    source.unlink()
    assert DatasetStore(tables.root).path(dataset_id).read_bytes() == CSV


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\data\\a.csv", "a.csv"),
        ("a\n\x00b.csv", "a b.csv"),
        ("", "table.csv"),
        ("..", ".."),
        ("数据.csv", "数据.csv"),
        ("x" * 300, "x" * 120),
        ("$(touch x).csv", "$(touch x).csv"),
    ],
)
def test_names_are_shown_and_never_used(tables: DatasetStore, name: str, shown: str) -> None:
    dataset_id = tables.add(CSV, name)
    assert tables.info(dataset_id).name == shown
    assert sorted(path.name for path in (tables.root / dataset_id).iterdir()) == ["data.csv", "meta.json"]


def test_a_strangers_table_is_answered_like_an_absent_one(tables: DatasetStore) -> None:
    dataset_id = tables.add(CSV, "a.csv", "ann")
    for action in (tables.path, tables.info, tables.delete):
        said = []
        for asked in (dataset_id, "20200101-00000000"):
            with pytest.raises(DatasetNotFound) as caught:
                action(asked, owner="bob")
            said.append(str(caught.value).replace(asked, "ID"))
        assert said[0] == said[1]
    assert [info.id for info in tables.list("ann")] == [dataset_id]
    assert list(tables.list("bob")) == []


@pytest.mark.parametrize("text", ["", "..", "../datasets", "/etc", ".staging", "20200101-00000000/../x", "x\x00"])
def test_only_ids_are_looked_up(tables: DatasetStore, text: str) -> None:
    tables.add(CSV, "a.csv")
    for action in (tables.path, tables.info, tables.delete):
        with pytest.raises(DatasetNotFound):
            action(text)


def test_only_regular_files_are_taken(tables: DatasetStore, tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe.csv")
    for name in ("link.csv", "pipe.csv", "absent.csv", "."):
        with pytest.raises(FileMissing):
            tables.add(tmp_path / name, name)
    assert list(tables.list()) == []


def test_delete_and_expire(tables: DatasetStore) -> None:
    first, second, third = (tables.add(CSV, f"{n}.csv") for n in range(3))
    assert tables.delete(first) >= len(CSV)
    assert list(tables.expire(3600)) == []
    time.sleep(0.02)
    assert list(tables.expire(0.01, keep=[third])) == [second]
    assert [info.id for info in tables.list()] == [third]
    assert sorted(path.name for path in tables.root.iterdir() if not path.name.startswith(".")) == [third]


def test_an_owner_has_a_quota(tmp_path: Path) -> None:
    tables = DatasetStore(tmp_path / "d", quota_bytes=len(CSV) * 2)
    tables.add(CSV, "1", "ann")
    second = tables.add(CSV, "2", "ann")
    with pytest.raises(StorageQuota):
        tables.add(CSV, "3", "ann")
    tables.add(CSV, "1", "bob")
    tables.delete(second)
    tables.add(CSV, "3", "ann")


def test_a_full_disk_keeps_nothing_half(tables: DatasetStore) -> None:
    kept = tables.add(CSV, "a.csv")
    for size in (0, 10, 60):
        with pytest.raises(DiskFull, match="the table"), largest_file(size):
            tables.add(b"x" * 100, "b.csv")
    assert [info.id for info in tables.list()] == [kept]
    assert list((tables.root / ".staging").iterdir()) == []


def test_a_damaged_note_hides_the_table(tables: DatasetStore) -> None:
    dataset_id = tables.add(CSV, "a.csv")
    (tables.root / dataset_id / "meta.json").write_text("{")
    assert list(tables.list()) == []
    with pytest.raises(DatasetNotFound):
        tables.path(dataset_id)
