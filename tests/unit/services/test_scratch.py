import os
import time

from ptm_demo.services.scratch import Scratch


def test_every_file_gets_a_folder_of_its_own() -> None:
    scratch = Scratch()
    first, second = scratch.folder(), scratch.folder()
    assert first != second and first.is_dir() and second.is_dir()
    scratch.clear()
    assert not first.exists() and not second.exists()
    assert scratch.folder().is_dir()  # cleared is not closed
    scratch.clear()


def test_old_folders_go_when_a_new_one_is_asked_for() -> None:
    scratch = Scratch(keep_seconds=60)
    old, young = scratch.folder(), scratch.folder()
    (old / "big.zip").write_bytes(b"x")
    os.utime(old, (time.time() - 120,) * 2)
    scratch.folder()
    assert not old.exists() and young.exists()
    scratch.clear()
