"""The data report: everything worth knowing about a table before training, all problems at once.

Knows nothing of models but a function that counts tokens, and their names to suggest one. What the single checks look for is
in checks.py; what they say is in problems.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from ptm_demo.data import checks
from ptm_demo.data.columns import guess_columns
from ptm_demo.data.labelled import blockers, pick
from ptm_demo.data.languages import languages, suggest_model
from ptm_demo.data.lengths import measure
from ptm_demo.data.limits import Limits
from ptm_demo.data.problems import PROBLEMS, problem
from ptm_demo.data.table import Table
from ptm_demo.errors import OneColumn
from ptm_demo.results import CsvReport, Problem

_DEFAULT_LIMITS = Limits()
_ORDER = {"error": 0, "warning": 1, "info": 2}
_UNSURE = 0.5


def check(
    table: Table,
    text_column: str | None = None,
    label_column: str | None = None,
    *,
    max_length: int = 128,
    count_tokens: Callable[[list[str]], list[int]] | None = None,
    eval_table: Table | None = None,
    limits: Limits = _DEFAULT_LIMITS,
) -> CsvReport:
    """Look the table over.

    Args:
        text_column, label_column: guessed when not given.
        max_length: how many tokens the model will read of a text.
        count_tokens: tokens of each text, special ones included; without it lengths are in characters.
        eval_table: a test table with the same columns, to look for leakage.

    Raises:
        UnknownColumn, SameColumn, OneColumn: about the question, not the data. What is wrong with the data is reported:
        a problem of severity "error" is one for which `usable` would raise.
    """
    text_column, label_column, unsure = _columns(table, text_column, label_column)
    rows = pick(table, text_column, label_column)
    found: list[Problem] = [*table.notes, *unsure]
    found += [
        problem(b.code, b.count, rows.rows if b.code != "no_labels" else (), **b.facts)
        for b in blockers(table, text_column, label_column, rows, limits)
    ]
    found += checks.cells(table, text_column, label_column)
    found += checks.labels(rows)
    found += checks.repeated(rows)
    groups = languages(rows.texts)
    model = suggest_model(groups)
    found += checks.scripts(groups, model)
    lengths = measure(rows, max_length, count_tokens)
    found += lengths.problems
    if eval_table is not None:
        found += checks.against(rows, pick(eval_table, text_column, label_column))
    codes = list(PROBLEMS)
    found.sort(key=lambda p: (_ORDER[p.severity], codes.index(p.code)))

    counts = Counter(rows.labels)
    without_letters = len(rows) - sum(groups.values())
    shown = {**groups, "other": groups.get("other", 0) + without_letters} if without_letters else groups
    return CsvReport(
        text_column=text_column,
        label_column=label_column,
        rows=len(table),
        usable_rows=len(rows),
        labels=dict(counts.most_common()),
        problems=tuple(found),
        lengths=lengths.histogram,
        length_unit=lengths.unit,
        median_length=lengths.median,
        truncated=lengths.truncated,
        max_length=max_length,
        languages=shown,
        suggested_model=model,
        majority_accuracy=max(counts.values()) / len(rows) if counts else 0.0,
        encoding=table.encoding,
        delimiter=table.delimiter,
    )


def _columns(table: Table, text_column: str | None, label_column: str | None) -> tuple[str, str, list[Problem]]:
    if len(table.columns) < 2:
        raise OneColumn(name=table.name, column=table.columns[0])
    if text_column and label_column:
        return text_column, label_column, []
    guess = guess_columns(table, text_column=text_column or None, label_column=label_column or None)
    text, label = guess.text_column, guess.label_column
    sure = (bool(text_column) or guess.text_confidence >= _UNSURE) and (bool(label_column) or guess.label_confidence >= _UNSURE)
    return text, label, [] if sure else [problem("unsure_columns", 1, text_column=text, label_column=label)]
