"""Which separator and quotation mark a table uses, from a bounded sample. Knows nothing of encodings or of the whole file.

The measure is the one that separates good guesses from bad in van den Burg et al. 2019 (arXiv 1811.11242): how regular
the rows are under a candidate. Only four separators are thought of, so a sample of 64 kB takes milliseconds.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from ptm_demo.data.names import is_known_name
from ptm_demo.data.records import Dialect, NeverClosed, Record, records

# In a tie the rarer character wins: a comma or a semicolon occurs in ordinary sentences, a tab hardly ever.
DELIMITERS = ("\t", "|", ";", ",")
_SAMPLE = 64_000
_SAMPLE_RECORDS = 400
_MOST_PREAMBLE = 10
_FEWEST_BELOW = 4
_EXCEL_HINT = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


def excel_hint(text: str) -> tuple[str, int]:
    """The separator that a first line "sep=;" names and the length of that line, or ("", 0)."""
    match = _EXCEL_HINT.match(text)
    return (match.group(1), match.end()) if match else ("", 0)


def find_dialect(text: str) -> Dialect:
    """The most regular reading of the text's beginning; a delimiter of "" when no separator divides it."""
    sample = _sample(text)
    quotes = ['"'] + (["'"] if re.search(r"(?m)(?:^|[,;|\t])'[^'\n]*'(?:[,;|\t]|$)", sample) else [])
    backslash = (False, True) if '\\"' in sample else (False,)
    best, best_score = Dialect(delimiter=""), 0.0
    for delimiter in DELIMITERS:
        if delimiter not in sample:
            continue
        for quote in quotes:
            for escaped in backslash:
                dialect = Dialect(delimiter, quote, escaped)
                score = _score(sample, dialect)
                if score > best_score + 0.02:
                    best, best_score = dialect, score
    if not best.delimiter and '\\"' in sample:
        return Dialect("", '"', backslash=True)
    return best


def _sample(text: str) -> str:
    if len(text) <= _SAMPLE:
        return text
    end = max(text.rfind("\n", 0, _SAMPLE), text.rfind("\r", 0, _SAMPLE))
    return text[: end if end > 0 else _SAMPLE]


def _score(sample: str, dialect: Dialect) -> float:
    """0…1: share of rows that are as wide as the header, less the share with misplaced quotation marks."""
    found: list[Record] = []
    stray_end = 0
    try:
        for record in records(sample, dialect, max_cells=2_000):
            found.append(record)
            if len(found) >= _SAMPLE_RECORDS:
                break
    except NeverClosed:
        stray_end = 1  # perhaps only because the sample ends here
    top = preamble([record.cells for record in found])
    strays = (sum(1 for record in found if record.stray) + stray_end) / max(1, len(found))
    found = found[top:]
    if not found or len(found[0].cells) < 2:
        return 0.0
    widths = Counter(len(record.cells) for record in found)
    modal, most = max(widths.items(), key=lambda item: (item[1], item[0]))
    # A trailing separator or an unnamed index makes all rows one wider than the header; that is nearly as regular.
    regular = max(widths[len(found[0].cells)], 0.9 * most if modal > 1 else 0) / len(found)
    header = [cell.strip().strip("\"'") for cell in found[0].cells]
    if any(is_known_name(cell) for cell in header):
        regular = 0.5 + regular / 2
    elif len(found) > 1 and regular < 0.5 and not all(_like_a_name(cell) for cell in header):
        return 0.0  # running text that happens to have commas
    return max(0.05, regular - strays / 2)


def preamble(records: Sequence[list[str]]) -> int:
    """How many lines at the top are a title rather than the header: one cell each, and below them a regular table.

    Many exports begin with a line such as "Report of 3 May" above the column names.
    """
    top = 0
    while top < min(_MOST_PREAMBLE, len(records)) and sum(1 for cell in records[top] if cell.strip()) < 2:
        top += 1
    if not top or top >= len(records) - _FEWEST_BELOW or any(is_known_name(cell) for row in records[:top] for cell in row):
        return 0
    below = records[top : top + _SAMPLE_RECORDS]
    width = len(below[0])
    if width < 2 or (width < 3 and any(len(row) > 1 for row in records[:top])):
        return 0
    return top if sum(1 for row in below if len(row) == width) >= 0.9 * len(below) else 0


def _like_a_name(cell: str) -> bool:
    return 0 < len(cell) <= 30 and len(cell.split()) <= 2 and cell[-1] not in ".!?。！？"
