"""Exports: nothing a spreadsheet would run, Chinese that Excel shows, and every cell back when it is read again."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ptm_demo.data import read_csv, write_csv
from ptm_demo.data.table import frame_of
from ptm_demo.data.write import guard, unguard
from ptm_demo.errors import DiskFull

ANY = st.text(st.characters(codec="utf-8"), max_size=12)
AWKWARD = st.text(st.sampled_from(list("=+-@\t\r\n'\" ,;a中")), max_size=6)
DANGEROUS = ["=1+1", "+1", "-1 star", "@SUM(A1)", "\tx", "\rx", "'=x", "''@x"]


def test_cells_that_a_spreadsheet_would_run(tmp_path: Path) -> None:
    texts = [*DANGEROUS, "plain", "a=b", "'quoted'", "中文，好评", 'a "b", c\nd']
    changed = write_csv(frame_of({"text": texts, "label": ["x"] * len(texts)}), tmp_path / "out.csv")
    assert [(cell.row, cell.column) for cell in changed] == [(i + 1, "text") for i in range(len(DANGEROUS))]
    data = (tmp_path / "out.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    cells = [cell for row in csv.reader(data.decode("utf-8-sig").splitlines(keepends=True)) for cell in row]
    assert not [cell for cell in cells if cell[:1] in "=+-@\t\r" and cell]
    again = read_csv(tmp_path / "out.csv")
    assert again.column("text") == texts
    assert [(n.code, n.count) for n in again.notes] == [("guards_removed", len(DANGEROUS))]


def test_headers_are_guarded_and_numbers_are_not(tmp_path: Path) -> None:
    frame = pd.DataFrame({"=cmd": ["a", "b"], "score": [-0.5, float("nan")], "n": [-1, 2]})
    changed = write_csv(frame, tmp_path / "out.csv")
    assert [(cell.row, cell.column) for cell in changed] == [(0, "=cmd")]
    assert (tmp_path / "out.csv").read_text(encoding="utf-8-sig").splitlines() == ["'=cmd,score,n", "a,-0.5,-1", "b,,2"]


@given(st.text(max_size=6))
def test_guarding_can_be_undone(cell: str) -> None:
    assert unguard(guard(cell)) == cell
    assert guard(cell)[:1] not in set("=+-@\t\r")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(ANY, AWKWARD), min_size=1, max_size=9))
def test_what_is_written_is_read_back(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    frame = frame_of({"text": [f"{text}x" for text, _ in rows], "label": [f"{label}y" for _, label in rows]})
    write_csv(frame, tmp_path / "out.csv")
    again = read_csv(tmp_path / "out.csv")
    assert again.frame.equals(frame)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_said_so() -> None:
    with pytest.raises(DiskFull):
        write_csv(frame_of({"text": ["a" * 100_000], "label": ["b"]}), Path("/dev/full"))
