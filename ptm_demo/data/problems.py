"""Every kind of problem the data report knows: its sentence, how bad it is, and which fix mends it.

The one list of them: the page translates ``problem.<code>`` with the same `{facts}`. Sentences name a number after
a colon, so that they read well for one row and for many. Knows nothing of how a problem is found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ptm_demo.results import Problem, Severity

MAX_ROWS = 20
MAX_EXAMPLES = 5
EXCERPT = 120

# Names of the fixes in the order in which they are applied (fixes.py says why).
FIXES = ("trim", "merge_labels", "drop_empty", "drop_conflicting", "drop_duplicates", "fix_leakage", "drop_rare")


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """What all problems of one code share. `template` is the English sentence; every problem has the fact `count` besides its own."""

    severity: Severity
    fix: str
    template: str


PROBLEMS: Mapping[str, ProblemKind] = MappingProxyType(
    {
        # --- found while reading ----------------------------------------------------------------------------
        "guessed_encoding": ProblemKind(
            "info",
            "",
            "The file is not UTF-8: it was read as {encoding}. Look in the preview whether accents and signs are right.",
        ),
        "preamble": ProblemKind("info", "", "Lines above the column names, such as a title: {count}. They are left out."),
        "no_header": ProblemKind(
            "warning",
            "",
            "The first line looks like data, not like column names. It is kept as a row, and the columns are called {names}.",
        ),
        "unnamed_columns": ProblemKind("info", "", "Columns without a name: {count}. They are called {names}."),
        "duplicate_headers": ProblemKind(
            "warning",
            "",
            "Column names that occur more than once: {count}. The later ones are called {names}.",
        ),
        "header_too_short": ProblemKind(
            "warning",
            "",
            "The header names {named} columns, but the rows have {columns}. The column without a name is called {names}.",
        ),
        "repeated_headers": ProblemKind("info", "", "Rows that repeat the header: {count}. They are left out."),
        "rows_too_long": ProblemKind(
            "warning",
            "",
            "Rows with more cells than the {columns} columns: {count}. {joined} could be put together again (an unquoted "
            "separator inside a text); the others keep their whole line in “{column}”, and their other cells are empty.",
        ),
        "rows_too_short": ProblemKind(
            "warning",
            "",
            "Rows with fewer cells than the {columns} columns: {count}. The missing cells at the end are read as empty.",
        ),
        "swallowed_rows": ProblemKind(
            "warning",
            "",
            "Rows whose text seems to have swallowed the rows after it: {count}. A quotation mark is missing or too many there.",
        ),
        "stray_quotes": ProblemKind(
            "warning",
            "",
            "Rows with a quotation mark in the wrong place: {count}. It is kept as it stands; look whether the row was read rightly.",
        ),
        "cells_cut": ProblemKind("warning", "", "Cells longer than {limit} characters: {count}. They are cut there."),
        "guards_removed": ProblemKind(
            "info",
            "",
            "Cells with an apostrophe that keeps a spreadsheet from running them as a formula ('=…): {count}. It is taken off.",
        ),
        # --- columns ----------------------------------------------------------------------------------------
        "unsure_columns": ProblemKind(
            "warning",
            "",
            "It is not plain which columns to take: “{text_column}” as text and “{label_column}” as label is a guess. Check it.",
        ),
        "numeric_texts": ProblemKind(
            "error",
            "",
            "The text column “{column}” holds numbers in {count} rows. Choose the column with sentences.",
        ),
        "id_like_texts": ProblemKind(
            "warning",
            "",
            "The text column “{column}” looks like ids or codes in {count} rows. Choose the column with sentences.",
        ),
        "all_texts_equal": ProblemKind(
            "error",
            "",
            "All {count} texts in “{column}” are the same: there is nothing to tell them apart. Choose another text column.",
        ),
        "no_labels": ProblemKind("error", "", "Every cell of the label column “{column}” is empty. Choose another one."),
        "one_class": ProblemKind(
            "error",
            "",
            "The label column “{column}” has only one label, “{label}”. Choose another one, or add rows of a second class.",
        ),
        "too_many_classes": ProblemKind(
            "error",
            "",
            "The label column “{column}” has {count} different labels; at most {limit} are taken. It may hold free text or ids.",
        ),
        "id_like_labels": ProblemKind(
            "error",
            "",
            "Nearly every row has a label of its own ({count} labels in {total} rows): “{column}” looks like an id or free text.",
        ),
        "numeric_labels": ProblemKind(
            "info",
            "",
            "All {count} labels are numbers. They are taken as names: 4 is as far from 5 as from 1, and 007 is not 7.",
        ),
        # --- rows -------------------------------------------------------------------------------------------
        "too_few_rows": ProblemKind("error", "", "Only {count} rows have both a text and a label; at least {needed} are needed."),
        "few_rows_per_class": ProblemKind(
            "warning",
            "",
            "There are {count} rows for {classes} classes. Ten rows a class is a start, fifty is comfortable.",
        ),
        "empty_texts": ProblemKind("warning", "drop_empty", "Rows whose text is empty or blank: {count}. They cannot be used."),
        "empty_labels": ProblemKind("warning", "drop_empty", "Rows without a label: {count}. They cannot be used."),
        "placeholder_texts": ProblemKind("warning", "", "Rows whose text only says that there is none (N/A, null, -): {count}."),
        "missing_value_labels": ProblemKind(
            "info",
            "",
            "Rows with a label such as NA, None or null: {count}. It is kept as a class of its own; leave the cell empty if "
            "it means “unknown”.",
        ),
        "stray_whitespace": ProblemKind(
            "info",
            "trim",
            "Rows with spaces or line breaks before or after the text or the label: {count}.",
        ),
        "control_characters": ProblemKind("warning", "trim", "Rows with invisible control characters: {count}."),
        "garbled_texts": ProblemKind(
            "warning",
            "",
            "Rows with garbled characters (� or Ã©): {count}. The file was once saved in the wrong encoding: export it again as UTF-8.",
        ),
        "label_variants": ProblemKind(
            "warning",
            "merge_labels",
            "Rows whose label is another spelling (case or spaces) of a more frequent one: {count}. Spellings: {variants}.",
        ),
        "exact_duplicates": ProblemKind(
            "warning",
            "drop_duplicates",
            "Rows that repeat the text and label of an earlier row: {count}.",
        ),
        "near_duplicates": ProblemKind(
            "warning",
            "drop_duplicates",
            "Rows that differ from an earlier one of the same label only in case, spaces or punctuation: {count}.",
        ),
        "similar_texts": ProblemKind(
            "info",
            "",
            "Rows that share at least {percent} % of their words with an earlier row: {count}. In training and test they make"
            " the score look better than it is.",
        ),
        "conflicting_labels": ProblemKind(
            "warning",
            "drop_conflicting",
            "Rows whose text occurs under two or more labels: {count}. A model can only guess there.",
        ),
        # --- classes ----------------------------------------------------------------------------------------
        "single_row_classes": ProblemKind(
            "warning",
            "drop_rare",
            "Labels with a single row: {count} ({labels}). They can be trained on but never tested.",
        ),
        "rare_classes": ProblemKind(
            "warning",
            "drop_rare",
            "Labels with fewer than {needed} rows: {count} ({labels}). They can hardly be learned or judged.",
        ),
        "imbalance": ProblemKind(
            "warning",
            "",
            "The labels are uneven: “{label}” has {percent} % of the rows, “{rarest}” has {rarest_rows}. Always answering "
            "“{label}” is right {percent} % of the time, so look at macro-F1 beside accuracy.",
        ),
        # --- length and language ----------------------------------------------------------------------------
        "truncated_texts": ProblemKind(
            "warning",
            "",
            "Texts longer than {max_length} tokens: {count} ({percent} %). The model reads only their beginning.",
        ),
        "long_texts": ProblemKind(
            "info",
            "",
            "Texts that are probably longer than {max_length} tokens: {count} ({percent} %). The model will read only their beginning.",
        ),
        "mixed_languages": ProblemKind(
            "info",
            "",
            "The texts mix languages or scripts ({languages}). A multilingual model such as {model} suits them.",
        ),
        # --- with a test table ------------------------------------------------------------------------------
        "leakage": ProblemKind(
            "warning",
            "fix_leakage",
            "Training rows whose text is also in the test table: {count}. The test would look better than it is.",
        ),
        "unseen_labels": ProblemKind("error", "", "Labels of the test table that no training row has: {count} ({labels})."),
    }
)


def problem(
    code: str, count: int, rows: Sequence[int] = (), examples: Sequence[str] = (), severity: Severity | None = None, **facts: Any
) -> Problem:
    """A problem of this code with its facts filled in.

    Args:
        rows: numbers of the rows it touches, of which the first 20 are kept.
        examples: excerpts, of which the first 5 different ones are kept, each cut to 120 characters.
        severity: overrides the kind's own, for a problem that is worse when there is more of it.
    """
    kind = PROBLEMS[code]
    params = {"count": count, **facts}
    excerpts = list(dict.fromkeys(excerpt(text) for text in examples))[:MAX_EXAMPLES]
    return Problem(
        code=code,
        severity=severity or kind.severity,
        count=count,
        rows=tuple(int(row) for row in rows[:MAX_ROWS]),
        fix=kind.fix,
        message=kind.template.format(**params),
        params=params,
        examples=tuple(excerpts),
    )


def excerpt(text: str, length: int = EXCERPT) -> str:
    """The beginning of a text, verbatim, with an ellipsis where it was cut."""
    return text if len(text) <= length else text[: length - 1] + "…"


def listed(names: Sequence[str], most: int = 5) -> str:
    """A few names for a sentence: "a, b, c, …"."""
    shown = ", ".join(excerpt(name, 40) for name in names[:most])
    return shown + ", …" if len(names) > most else shown
