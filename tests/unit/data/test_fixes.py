"""Fixes: what each removes and changes, that they are idempotent, and that the report is then without those problems."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptm_demo.data import EXAMPLES, FIXES, PROBLEMS, Table, apply_fixes, check, read_csv
from ptm_demo.data.table import frame_of
from ptm_demo.errors import BadOption, SameColumn, UnknownColumn


def table(rows: list[tuple[str, str]]) -> Table:
    return Table(frame_of({"text": [text for text, _ in rows], "label": [label for _, label in rows]}))


def rows_of(data: Table) -> list[tuple[str, str]]:
    return list(zip(data.column("text"), data.column("label"), strict=True))


DIRTY = table(
    [
        (" one ", "a"), ("two", "A"), ("two", "a "), ("Two!", "a"), ("three", "a"), ("three", "b"), ("", "a"), ("four", " "),
        ("five", "b"), ("six", "b"), ("seven", "c"), ("eight\x07", "b"), ("nine", "a"),
    ]
)  # fmt: skip


@pytest.mark.parametrize(
    ("fix", "removed", "changed", "left"),
    [
        ("trim", None, 4, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]),
        ("merge_labels", None, 2, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]),
        ("drop_empty", 2, None, [1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 13]),
        ("drop_duplicates", 2, None, [1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13]),
        ("drop_conflicting", 2, None, [1, 2, 3, 4, 7, 8, 9, 10, 11, 12, 13]),
        ("drop_rare", 5, None, [1, 2, 3, 4, 5, 7, 8, 13]),
        ("fix_leakage", 0, None, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]),
    ],
)
def test_each_fix_alone(fix: str, removed: int | None, changed: int | None, left: list[int]) -> None:
    result = apply_fixes(DIRTY, "text", "label", [fix])
    assert dict(result.removed) == ({} if removed is None else {fix: removed})
    assert dict(result.changed) == ({} if changed is None else {fix: changed})
    assert list(result.table.numbers) == left
    assert list(result.table.frame.index) == list(range(len(left)))
    assert [DIRTY.column("text")[n - 1].strip("\x07 ") for n in left] == [text.strip("\x07 ") for text in result.table.column("text")]


def test_the_given_table_is_left_alone() -> None:
    before = rows_of(DIRTY)
    apply_fixes(DIRTY, "text", "label", FIXES)
    assert rows_of(DIRTY) == before


def test_the_order_given_does_not_matter() -> None:
    forth, back = apply_fixes(DIRTY, "text", "label", FIXES), apply_fixes(DIRTY, "text", "label", FIXES[::-1])
    assert rows_of(forth.table) == rows_of(back.table)
    assert forth.removed == back.removed and forth.changed == back.changed


def test_the_report_counts_what_the_fixes_remove() -> None:
    data = read_csv(EXAMPLES[2].path)
    counts = {p.code: p.count for p in check(data, "comment", "category").problems}
    for fix, codes in (("drop_duplicates", ("exact_duplicates", "near_duplicates")), ("drop_conflicting", ("conflicting_labels",))):
        assert apply_fixes(data, "comment", "category", [fix]).removed[fix] == sum(counts[code] for code in codes)
    assert apply_fixes(data, "comment", "category", ["merge_labels"]).changed["merge_labels"] == counts["label_variants"]


def test_merging_takes_the_most_frequent_spelling() -> None:
    data = table([(f"text {i}", label) for i, label in enumerate(["Spam", "spam", "spam", "SPAM ", "card_lost", "card lost", "ham"])])
    assert apply_fixes(data, "text", "label", ["merge_labels"]).table.column("label") == ["spam"] * 4 + ["card_lost"] * 2 + ["ham"]


def test_with_a_test_table() -> None:
    train = table([(f"text {i}", "ab"[i % 2]) for i in range(20)] + [("odd", "c")])
    test = table([("TEXT 3!", "B"), (" new one ", "a"), ("", "a"), ("rare one", "C")])
    result = apply_fixes(train, "text", "label", FIXES, test)
    assert result.removed["fix_leakage"] == 1 and 4 not in result.table.numbers
    assert result.removed["drop_rare"] == 1
    assert result.eval_table is not None
    assert rows_of(result.eval_table) == [("TEXT 3!", "b"), ("new one", "a")]
    codes = {p.code for p in check(result.table, "text", "label", eval_table=result.eval_table).problems}
    assert not codes & {"leakage", "unseen_labels"}


def test_wrong_questions() -> None:
    with pytest.raises(BadOption):
        apply_fixes(DIRTY, "text", "label", ["polish"])
    with pytest.raises(UnknownColumn):
        apply_fixes(DIRTY, "text", "nope", [])
    with pytest.raises(SameColumn):
        apply_fixes(DIRTY, "text", "text", [])


CELLS = st.tuples(
    st.text(st.sampled_from(list("ab AB.!\t\n\x00\x07\ufeff\u3000é中")), max_size=5),
    st.sampled_from(["a", "A", " a", "b", "B ", "a b", "a_b", "c", "", " ", "中", "\x07"]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=60), st.lists(CELLS, max_size=8), st.sets(st.sampled_from(FIXES)))
def test_ticked_fixes_mend_their_problems_and_are_idempotent(
    rows: list[tuple[str, str]], test_rows: list[tuple[str, str]], ticked: set[str]
) -> None:
    test = table(test_rows) if test_rows else None
    once = apply_fixes(table(rows), "text", "label", sorted(ticked), test)
    assert sum(once.removed.values()) == len(rows) - len(once.table)
    twice = apply_fixes(once.table, "text", "label", sorted(ticked), once.eval_table)
    assert rows_of(twice.table) == rows_of(once.table)
    assert not any(twice.removed.values()) and not any(twice.changed.values())
    if not len(once.table):
        return
    left = {p.fix for p in check(once.table, "text", "label", eval_table=once.eval_table).problems if p.fix}
    assert not left & ticked
    assert left <= {kind.fix for kind in PROBLEMS.values()}
