"""The fixes a person may tick, applied to a copy of the table. Knows nothing of how the report words its problems.

They are always applied in this order, whatever order they are given in, because each makes the next one's work plain:

1. trim              takes spaces and invisible characters from both ends of texts and labels
2. merge_labels      gives each label its most frequent spelling: "Spam " and "spam" are one class
3. drop_empty        drops rows without a text or without a label
4. drop_conflicting  drops every row whose text stands under several labels: nobody can know which one is right
5. drop_duplicates   keeps the first of the rows that have one label and, but for case, spaces and punctuation, one text
6. fix_leakage       drops training rows whose text is also in the test table
7. drop_rare         drops classes with fewer than 5 rows; last, because the others make classes smaller

Each is idempotent, and so are all together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ptm_demo.data.groups import Keys, contradictions, rare_labels, repeats, spellings
from ptm_demo.data.labelled import LabelledTexts
from ptm_demo.data.normalise import clean, label_key, loose_key
from ptm_demo.data.problems import FIXES
from ptm_demo.data.table import Table
from ptm_demo.errors import BadOption, SameColumn


@dataclass(frozen=True, eq=False)
class FixResult:
    """What the fixes made of the table.

    Attributes:
        table: the fixed table; its rows keep the numbers they had in the file.
        removed: rows dropped, by fix.
        changed: rows whose text or label was changed, by fix.
        eval_table: the test table with the same spellings and without empty rows or dropped classes; None if none was given.
    """

    table: Table
    removed: Mapping[str, int]
    changed: Mapping[str, int]
    eval_table: Table | None = None


def apply_fixes(table: Table, text_column: str, label_column: str, fixes: Sequence[str], eval_table: Table | None = None) -> FixResult:
    """Apply the named fixes, in the fixed order.

    Raises:
        BadOption: a fix of that name does not exist.
        UnknownColumn, SameColumn.
    """
    for fix in fixes:
        if fix not in FIXES:
            raise BadOption(option="fixes", expected=" / ".join(FIXES), found=fix)
    if text_column == label_column:
        raise SameColumn(column=text_column)
    for one in (table, eval_table):
        if one is not None:
            one.column(text_column), one.column(label_column)
    removed: dict[str, int] = {}
    changed: dict[str, int] = {}
    for fix in FIXES:
        if fix not in fixes:
            continue
        before = len(table)
        if fix == "trim":
            table, changed[fix] = _trim(table, text_column, label_column)
            eval_table = None if eval_table is None else _trim(eval_table, text_column, label_column)[0]
        elif fix == "merge_labels":
            table, eval_table, changed[fix] = _merge(table, eval_table, text_column, label_column)
        else:
            table = table.keep(_kept(fix, table, text_column, label_column, eval_table))
            removed[fix] = before - len(table)
            if eval_table is not None and fix == "drop_empty":
                eval_table = eval_table.keep(_kept(fix, eval_table, text_column, label_column, None))
            if eval_table is not None and fix == "drop_rare":
                eval_table = _without_dropped(eval_table, label_column, set(table.column(label_column)))
    return FixResult(table, removed, changed, eval_table)


def _trim(table: Table, *columns: str) -> tuple[Table, int]:
    touched: set[int] = set()
    for column in columns:
        cells = table.column(column)
        cleaned = [clean(cell) for cell in cells]
        touched |= {i for i, (old, new) in enumerate(zip(cells, cleaned, strict=True)) if old != new}
        table = table.with_column(column, cleaned)
    return table, len(touched)


def _merge(table: Table, eval_table: Table | None, text_column: str, label_column: str) -> tuple[Table, Table | None, int]:
    texts, labels = table.column(text_column), table.column(label_column)
    better = spellings([label for text, label in zip(texts, labels, strict=True) if clean(label) and clean(text)])
    merged = [better.get(label, label) for label in labels]
    count = sum(1 for old, new in zip(labels, merged, strict=True) if old != new)
    if eval_table is not None:
        ours = {label_key(label): label for label in reversed(merged)}
        theirs = [ours.get(label_key(label), label) for label in eval_table.column(label_column)]
        eval_table = eval_table.with_column(label_column, theirs)
    return table.with_column(label_column, merged), eval_table, count


def _kept(fix: str, table: Table, text_column: str, label_column: str, eval_table: Table | None) -> list[int]:
    """Positions of the rows that stay. Rows without text or label are the business of drop_empty alone."""
    texts, labels = table.column(text_column), table.column(label_column)
    filled = [i for i, (text, label) in enumerate(zip(texts, labels, strict=True)) if clean(text) and clean(label)]
    if fix == "drop_empty":
        return filled
    rows = LabelledTexts(texts, labels, list(table.numbers)).take(filled)
    keys = Keys(rows.texts, rows.labels)
    if fix == "drop_conflicting":
        gone = contradictions(keys)
    elif fix == "drop_duplicates":
        exact, near = repeats(keys)
        gone = [*exact, *near]
    elif fix == "fix_leakage":
        elsewhere = set() if eval_table is None else {loose_key(text) for text in eval_table.column(text_column) if clean(text)}
        gone = [i for i, key in enumerate(keys.loose) if key in elsewhere]
    else:
        rare = rare_labels(keys.labels)
        gone = [i for i, key in enumerate(keys.labels) if key in rare]
    dropped = {filled[i] for i in gone}
    return [i for i in range(len(table)) if i not in dropped]


def _without_dropped(eval_table: Table, label_column: str, left: set[str]) -> Table:
    known = {label_key(label) for label in left}
    return eval_table.keep([i for i, label in enumerate(eval_table.column(label_column)) if label_key(label) in known])
