"""Text for a reader: aligned also where characters are wide, and never longer than it may be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptm_demo.cli.tables import clip, facts, seconds, size, table, width


def test_columns_end_at_the_same_place_with_wide_characters() -> None:
    lines = table([("退款", 12, "a"), ("shipping", 3, "b")], right=(1,), indent="").splitlines()
    assert [width(line) for line in lines] == [len("shipping  12  a")] * 2
    assert lines[0] == "退款      12  a"


def test_a_header_belongs_to_the_columns() -> None:
    assert table([("x", 1)], header=("label", "rows"), right=(1,), indent="").splitlines() == ["label  rows", "x         1"]


def test_no_rows_are_no_text() -> None:
    assert table([]) == ""


def test_facts_leave_out_what_is_not_known() -> None:
    assert facts([("a", 0), ("b", ""), ("c", None), ("dd", "x")]) == "a   0\ndd  x"


@given(st.text(), st.integers(2, 40))
def test_a_clipped_text_fits_on_one_line(text: str, columns: int) -> None:
    short = clip(text, columns)
    assert width(short) <= columns
    assert "\n" not in short


def test_a_short_text_is_not_clipped() -> None:
    assert clip("  the parcel\nnever came ", 40) == "the parcel never came"


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (91_000_000, "91.0 MB"), (910_000_000, "910 MB"), (5e12, "5000 GB")]
)
def test_sizes(count: float, said: str) -> None:
    assert size(int(count)) == said


@pytest.mark.parametrize(("value", "said"), [(0.84, "0.8 s"), (42.4, "42 s"), (200, "3 min 20 s")])
def test_durations(value: float, said: str) -> None:
    assert seconds(value) == said
