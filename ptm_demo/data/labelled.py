"""Texts with their labels, and the reasons why a table cannot give any. Knows nothing of splitting or of models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ptm_demo.data.limits import Limits
from ptm_demo.data.normalise import clean, is_number
from ptm_demo.data.table import Table
from ptm_demo.errors import (
    AllTextsEqual,
    DataError,
    NoLabels,
    NoTextColumn,
    OneClass,
    SameColumn,
    TooFewRows,
    TooManyClasses,
)

# Below this nothing can be both learned and judged.
MIN_ROWS = 10
_NUMERIC_SHARE = 0.8
_DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class LabelledTexts:
    """Parallel lists: each text, its label, and its row's number in the file it came from (1-based)."""

    texts: list[str]
    labels: list[str]
    rows: list[int]

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, positions: Sequence[int]) -> LabelledTexts:
        return LabelledTexts([self.texts[i] for i in positions], [self.labels[i] for i in positions], [self.rows[i] for i in positions])


@dataclass(frozen=True, slots=True)
class Blocker:
    """A reason why training cannot start: the code of its problem in the report, its facts there, and the error that `usable` raises."""

    code: str
    count: int
    facts: dict[str, Any]
    error: DataError


def pick(table: Table, text_column: str, label_column: str) -> LabelledTexts:
    """The rows that have both a text and a label, cells as they are.

    Raises:
        UnknownColumn, SameColumn.
    """
    texts, labels = table.column(text_column), table.column(label_column)
    if text_column == label_column:
        raise SameColumn(column=text_column)
    kept = [i for i, (text, label) in enumerate(zip(texts, labels, strict=True)) if clean(text) and clean(label)]
    return LabelledTexts([texts[i] for i in kept], [labels[i] for i in kept], [table.numbers[i] for i in kept])


def usable(table: Table, text_column: str, label_column: str, *, limits: Limits = _DEFAULT_LIMITS) -> LabelledTexts:
    """The rows to train on: those with a text and a label, verbatim (fixes are applied before, never silently here).

    Raises:
        UnknownColumn, SameColumn, NoLabels, TooFewRows, NoTextColumn, OneClass, TooManyClasses, AllTextsEqual: exactly the
        problems that `check` reports as errors.
    """
    rows = pick(table, text_column, label_column)
    for blocker in blockers(table, text_column, label_column, rows, limits):
        raise blocker.error
    return rows


def blockers(table: Table, text_column: str, label_column: str, rows: LabelledTexts, limits: Limits) -> list[Blocker]:
    """Everything that stops training, worst first."""
    if not any(clean(label) for label in table.column(label_column)):
        return [Blocker("no_labels", len(table), {"column": label_column}, NoLabels(column=label_column))]
    found: list[Blocker] = []
    n = len(rows)
    if n < MIN_ROWS:
        found.append(Blocker("too_few_rows", n, {"needed": MIN_ROWS}, TooFewRows(needed=MIN_ROWS, rows=n)))
    if not n:
        return found
    numbers = sum(map(is_number, rows.texts))
    if numbers >= _NUMERIC_SHARE * n:
        found.append(Blocker("numeric_texts", numbers, {"column": text_column}, NoTextColumn(columns=text_column)))
    classes = Counter(rows.labels)
    if len(classes) == 1:
        label = rows.labels[0]
        found.append(Blocker("one_class", 1, {"column": label_column, "label": label}, OneClass(column=label_column, label=label)))
    elif len(classes) > limits.max_classes:
        too_many = TooManyClasses(limit=limits.max_classes, column=label_column, classes=len(classes), rows=n)
        found.append(Blocker("too_many_classes", len(classes), {"column": label_column, "limit": limits.max_classes}, too_many))
    elif n >= MIN_ROWS and len(classes) > n / 2:
        too_many = TooManyClasses(limit=n // 2, column=label_column, classes=len(classes), rows=n)
        found.append(Blocker("id_like_labels", len(classes), {"column": label_column, "total": n}, too_many))
    if n > 1 and len({clean(text) for text in rows.texts}) == 1:
        found.append(Blocker("all_texts_equal", n, {"column": text_column}, AllTextsEqual(rows=n, column=text_column)))
    return found
