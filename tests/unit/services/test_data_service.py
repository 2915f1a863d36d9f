from pathlib import Path

import pytest

from ptm_demo.data import EXAMPLES, read_csv
from ptm_demo.errors import DatasetNotFound, EmptyFile, NotATable
from ptm_demo.hubs import Hubs
from ptm_demo.services.data import DataChoice, DataService
from ptm_demo.settings import Settings
from ptm_demo.store import DatasetStore

MESSY = next(e for e in EXAMPLES if e.name == "messy_en")


@pytest.fixture
def data(settings: Settings) -> DataService:
    return DataService(settings, DatasetStore(settings.datasets_dir), Hubs(settings, allow_local=False))


def choice(dataset_id: str, *fixes: str) -> DataChoice:
    return DataChoice(dataset_id, MESSY.text_column, MESSY.label_column, fixes)


def test_what_cannot_be_read_is_not_kept(data: DataService, settings: Settings) -> None:
    for content, error in ((b"", EmptyFile), (b"PK\x03\x04" + b"\0" * 99, NotATable)):
        with pytest.raises(error):
            data.add(content, "bad.csv", "me")
    assert list(DatasetStore(settings.datasets_dir).list()) == []


def test_a_stranger_s_table_is_simply_not_there(data: DataService) -> None:
    mine = data.add(b"text,label\n" + b"a b c,x\nd e f,y\n" * 9, "a.csv", "me")
    for call in (
        lambda: data.table(mine, "you"),
        lambda: data.guess(mine, "you"),
        lambda: data.report(DataChoice(mine, "text", "label"), "you"),
        lambda: data.fixed(DataChoice(mine, "text", "label"), "you"),
        lambda: data.path(mine, "you"),
        lambda: data.delete(mine, "you"),
    ):
        with pytest.raises(DatasetNotFound):
            call()
    assert len(data.table(mine, "me").frame) == 18


def test_a_table_is_read_again_after_a_restart(data: DataService, settings: Settings) -> None:
    dataset_id = data.add_example("messy_en", "me")
    again = DataService(settings, DatasetStore(settings.datasets_dir), Hubs(settings, allow_local=False))
    assert again.table(dataset_id, "me").frame.equals(data.table(dataset_id, "me").frame)
    assert again.guess(dataset_id, "me").label_column == MESSY.label_column


def test_fixes_change_the_report_and_never_the_file(data: DataService) -> None:
    dataset_id = data.add_example("messy_en", "me")
    before = data.path(dataset_id, "me").read_bytes()
    raw = data.report(choice(dataset_id), "me")
    fixes = [problem.fix for problem in raw.problems if problem.fix]
    assert fixes
    mended = data.report(choice(dataset_id, *dict.fromkeys(fixes)), "me")
    assert not [problem for problem in mended.problems if problem.fix]
    assert data.path(dataset_id, "me").read_bytes() == before


def test_the_mended_table_can_be_read_again(data: DataService, tmp_path: Path) -> None:
    dataset_id = data.add_example("messy_en", "me")
    wanted = choice(dataset_id, "drop_empty", "drop_duplicates")
    path, _ = data.export_fixed(wanted, "me", tmp_path)
    assert path.name == "messy_en-fixed.csv"
    expected = data.fixed(wanted, "me").table.frame
    again = read_csv(path).frame
    assert again[MESSY.text_column].tolist() == expected[MESSY.text_column].tolist()


def test_an_unknown_example_is_one_sentence(data: DataService) -> None:
    with pytest.raises(DatasetNotFound, match="Upload the file again"):
        data.add_example("nothing", "me")


def test_old_tables_expire(data: DataService) -> None:
    dataset_id = data.add_example("messy_en", "me")
    data.expire(3600)
    assert data.path(dataset_id, "me").exists()
    data.expire(-1)
    with pytest.raises(DatasetNotFound):
        data.path(dataset_id, "me")
