"""Which separator and quotation mark a table uses, from a bounded sample. Knows nothing of encodings or of the whole file.

The measure is the one that separates good guesses from bad in van den Burg et al. 2019 (arXiv 1811.11242): how regular
the rows are under a candidate. Only four separators are thought of, so a sample of 64 kB takes milliseconds.
"""

from __future__ import annotations

import re

from ptm_demo.data.names import is_known_name
from ptm_demo.data.records import Dialect, NeverClosed, Record, records

# In a tie the rarer character wins: a comma or a semicolon occurs in ordinary sentences, a tab hardly ever.
DELIMITERS = ("\t", "|", ";", ",")
_SAMPLE = 64_000
_SAMPLE_RECORDS = 400
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
    """0…1: share of rows that are as wide as the first one, less the share with misplaced quotation marks."""
    found: list[Record] = []
    stray_end = 0
    try:
        for record in records(sample, dialect, max_cells=2_000):
            found.append(record)
            if len(found) >= _SAMPLE_RECORDS:
                break
    except NeverClosed:
        stray_end = 1  # perhaps only because the sample ends here
    if not found:
        return 0.0
    width = len(found[0].cells)
    if width < 2:
        return 0.0
    regular = sum(1 for record in found if len(record.cells) == width) / len(found)
    strays = (sum(1 for record in found if record.stray) + stray_end) / len(found)
    header = [cell.strip().strip("\"'") for cell in found[0].cells]
    if any(is_known_name(cell) for cell in header):
        regular = 0.5 + regular / 2
    elif len(found) > 1 and regular < 0.5 and not all(_like_a_name(cell) for cell in header):
        return 0.0  # running text that happens to have commas
    return max(0.01, regular - strays / 2)


def _like_a_name(cell: str) -> bool:
    return 0 < len(cell) <= 40 and len(cell.split()) <= 4
