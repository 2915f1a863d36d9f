"""`check` on good, odd and unusable files."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from .cases import BAD, ODD, rows
from .conftest import Ptm

KEYS = {"text_column", "label_column", "rows", "labels", "problems"}


def write(path: Path, data: bytes | str) -> Path:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def test_a_good_file(ptm: Ptm, tmp_path: Path) -> None:
    done = ptm("check", write(tmp_path / "good.csv", rows(60)), "--json")
    assert done.status == 0
    assert done.err == ""
    assert done.out.count("\n") == 1
    report = done.json
    assert report.keys() >= KEYS
    assert (report["text_column"], report["label_column"], report["rows"]) == ("text", "label", 60)
    assert report["labels"] == {"delivery": 20, "refund": 20, "damage": 20}
    assert report["length_unit"] == "tokens"
    assert report["suggested_model"] == "builtin:minilm"
    assert report["fixed"] == {"removed": {}, "changed": {}}


def test_problems_have_their_keys(ptm: Ptm, tmp_path: Path) -> None:
    dirty = rows(60) + "the parcel never came 0,delivery\n ,refund\nwhere is it,Refund \n"
    done = ptm("check", write(tmp_path / "dirty.csv", dirty), "--json")
    problems = {problem["code"]: problem for problem in done.json["problems"]}
    assert all({"code", "severity", "count", "rows", "fix"} <= problem.keys() for problem in problems.values())
    assert problems["exact_duplicates"]["count"] == 1
    assert problems["exact_duplicates"]["rows"] == [61]
    assert problems["exact_duplicates"]["fix"] == "drop_duplicates"


@pytest.mark.parametrize("name", BAD)
def test_an_unusable_file_is_one_line_and_status_2(name: str, ptm: Ptm, tmp_path: Path) -> None:
    make, word = BAD[name]
    data = make()
    path = write(tmp_path / "bad.csv", data)
    done = ptm("check", path)
    assert done.status == 2
    assert word in done.line
    assert "xpected" in done.line
    assert path.read_bytes() == data  # nothing lost


@pytest.mark.parametrize("name", ODD)
def test_an_odd_file_is_read(name: str, ptm: Ptm, tmp_path: Path) -> None:
    data, encoding, delimiter, label = ODD[name]
    done = ptm("check", write(tmp_path / "odd.csv", data), "--json")
    assert done.status == 0, done.err
    report = done.json
    assert label in report["labels"]
    assert report["delimiter"] == delimiter
    assert report["encoding"].startswith(encoding)


def test_the_encoding_of_accents(ptm: Ptm, tmp_path: Path) -> None:
    report = ptm("check", write(tmp_path / "odd.csv", ODD["Latin-1"][0]), "--json").json
    assert report["encoding"] in {"latin-1", "iso-8859-1", "cp1252", "windows-1252"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["no-such.csv"], "no-such.csv"),
        (["."], "a folder"),
        (["good.csv", "--text", "nope"], "nope"),
        (["good.csv", "--label", "nope"], "text, label"),
        (["good.csv", "--text", "label", "--label", "label"], "two different columns"),
        (["good.csv", "--fix", "everything"], "everything"),
        (["good.csv", "--eval-csv", "no-test.csv"], "no-test.csv"),
        (["good.csv", "--out", "good.csv/inside.csv"], "good.csv"),
        (["good.csv", "--max-length", "0"], "--max-length"),
        (["good.csv", "--model", "builtin:nope"], "builtin:nope"),
    ],
)
def test_a_question_that_cannot_be_answered(words: list[str], said: str, ptm: Ptm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "good.csv", rows(60))
    done = ptm("check", *words)
    assert done.status == 2
    assert said in done.line


def test_fixes_are_counted_and_the_fixed_table_is_written(ptm: Ptm, tmp_path: Path) -> None:
    dirty = rows(60) + "the parcel never came 0,delivery\n ,refund\n=HYPERLINK(1) is what I got,damage\n"
    done = ptm("check", write(tmp_path / "dirty.csv", dirty), "--fix", "all", "--out", tmp_path / "new" / "clean.csv", "--json")
    assert done.status == 0
    report = done.json
    assert report["fixed"]["removed"]["drop_duplicates"] == 1
    assert report["fixed"]["removed"]["drop_empty"] == 1
    assert report["rows"] == 61
    assert report["path"] == str(tmp_path / "new" / "clean.csv")
    assert report["safe_cells"] == 1
    with (tmp_path / "new" / "clean.csv").open(encoding="utf-8-sig", newline="") as file:
        written = list(csv.DictReader(file))
    assert len(written) == 61
    assert written[-1]["text"] == "'=HYPERLINK(1) is what I got"
    again = ptm("check", tmp_path / "new" / "clean.csv", "--json").json
    assert not [problem for problem in again["problems"] if problem["fix"]]


def test_rows_shared_with_a_test_file_are_reported_and_dropped(ptm: Ptm, tmp_path: Path) -> None:
    train, test = write(tmp_path / "train.csv", rows(60)), write(tmp_path / "test.csv", rows(12))
    found = ptm("check", train, "--eval-csv", test, "--json").json["problems"]
    assert [problem["count"] for problem in found if problem["code"] == "leakage"] == [12]
    mended = ptm("check", train, "--eval-csv", test, "--fix", "fix_leakage", "--json").json
    assert mended["rows"] == 48
    assert "leakage" not in {problem["code"] for problem in mended["problems"]}


def test_text_for_a_reader(ptm: Ptm, tmp_path: Path) -> None:
    done = ptm("check", write(tmp_path / "good.csv", rows(60) + "the parcel never came 0,delivery\n"))
    assert done.status == 0
    assert "text column" in done.out
    assert "--fix drop_duplicates" in done.out
    assert "\x1b" not in done.out
    assert max(map(len, done.out.splitlines())) < 200


def test_checking_loads_no_model_library(home: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "good.csv", rows(60))
    code = (
        "import sys; from ptm_demo.cli import main; status = main(sys.argv[1:]);"
        "print(status, {'torch', 'transformers', 'peft', 'gradio', 'sklearn'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "check", str(path), "--json"],
        capture_output=True, text=True, timeout=120, check=True, env={"PTM_HOME": str(home), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.stderr == "0 set()\n"
