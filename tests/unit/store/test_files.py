from __future__ import annotations

import errno
import hashlib
import os
import time
import zipfile
from pathlib import Path

import pytest

from ptm_demo.errors import BadOption, DiskFull, RunNotFound, StoreError
from ptm_demo.store import files


def test_atomic_write_replaces_whole_and_leaves_no_part(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    files.atomic_write_bytes(target, b"one")
    files.atomic_write_bytes(target, b"two")
    assert target.read_bytes() == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_atomic_write_that_fails_keeps_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.json"
    target.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="full"):
        files.atomic_write_bytes(target, b"new")
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_told_as_such(number: int) -> None:
    with pytest.raises(DiskFull, match="room to save the run"), files.disk_errors("the run"):
        raise OSError(number, os.strerror(number))


def test_a_full_disk_is_known_in_another_librarys_words() -> None:
    class ForeignError(Exception):
        pass

    with pytest.raises(DiskFull), files.disk_errors("the run"):
        raise ForeignError("Error while serializing: I/O error: No space left on device (os error 28)")


def test_other_system_errors_become_one_sentence() -> None:
    with pytest.raises(StoreError, match="the run: Permission denied") as caught, files.disk_errors("the run"):
        raise PermissionError(errno.EACCES, "Permission denied", "/secret/path")
    assert "/secret/path" not in str(caught.value)


def test_foreign_and_own_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError), files.disk_errors("the run"):
        _ = 1 / 0
    with pytest.raises(RunNotFound), files.disk_errors("the run"):
        raise RunNotFound(run="x")


def test_sha256_agrees_with_hashlib(tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    (tmp_path / "a").write_bytes(data)
    assert files.sha256_file(tmp_path / "a") == hashlib.sha256(data).hexdigest()


def test_sweep_takes_what_is_old_only(tmp_path: Path) -> None:
    for name in ("old", "young", "touched"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("x")
    before = time.time() - 100_000
    for path in (tmp_path / "old" / "file", tmp_path / "old", tmp_path / "touched"):
        os.utime(path, (before, before))
    files.sweep(tmp_path, 86_400)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["touched", "young"]
    files.sweep(tmp_path / "nowhere", 1)


def test_zip_is_deterministic_and_complete(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "b.safetensors").write_bytes(b"\x00" * 10_000)
        (tmp_path / name / "sub" / "文.txt").write_text("x" * 10_000)
        (tmp_path / name / "a.json").write_text("{}")
        (tmp_path / name / "link").symlink_to("/etc/passwd")
    os.utime(tmp_path / "two" / "a.json", (1, 1))
    first, second = (files.zip_folder(tmp_path / name, tmp_path / "out" / f"{name}.zip") for name in ("one", "two"))
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["a.json", "b.safetensors", "sub/文.txt"]
        assert archive.read("b.safetensors") == b"\x00" * 10_000


def test_zip_into_its_own_folder(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    for _ in range(2):
        with zipfile.ZipFile(files.zip_folder(tmp_path, tmp_path / "all.zip")) as archive:
            assert archive.namelist() == ["a"]


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x00b", "x" * 81, "a\u202eb", "a\u2028b", "\ud800"])
def test_bad_names_are_refused(name: str) -> None:
    with pytest.raises(BadOption, match="1 to 80 characters"):
        files.check_name(name)


@pytest.mark.parametrize("name", ["a", "我的模型", "x" * 80, "👩‍🏫 class", "<b>&'\"", "../../etc"])
def test_good_names_are_kept(name: str) -> None:
    assert files.check_name(f" {name} ") == name
    assert files.clean_name(name) == name


def test_clean_name_makes_one_shown_line() -> None:
    assert files.clean_name("a\r\n b\x00\u202ec" + "d" * 100, 10) == "a b cddddd"
