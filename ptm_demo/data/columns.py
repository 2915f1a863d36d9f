"""Which column is the text and which the label: from their names and from what stands in them.

It only guesses and says how surely; it never refuses, because a person can choose instead. Knows nothing of training.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ptm_demo.data.names import LABEL_NAMES, OTHER_NAMES, RATING_NAMES, TEXT_NAMES, name_score
from ptm_demo.data.normalise import is_number
from ptm_demo.data.table import Table
from ptm_demo.results import ColumnGuess

_LOOK = 2_000
_DATE = re.compile(r"\d{1,4}[-/.年]\d{1,2}[-/.月]\d{1,4}日?(?:[ T]\d{1,2}:\d{2}.*)?|\d{1,2}:\d{2}(?::\d{2})?")
_ID = re.compile(r"(?=.*\d)[A-Za-z]{0,6}[-_#]?[\dA-Fa-f][\w\-]*")
_LINK = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+\.\w+")
_CJK = re.compile("[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a column's cells look like; shares are of its non-empty cells."""

    filled: float
    words: float
    characters: float
    distinct: int
    distinct_share: float
    repeated_share: float
    numbers: float
    dates: float
    ids: float
    links: float
    rows: int


def guess_columns(table: Table, *, text_column: str | None = None, label_column: str | None = None) -> ColumnGuess:
    """The likeliest text and label column with a confidence of 0…1 each; with one column only, no label column ("", 0).

    Args:
        text_column, label_column: already chosen, so that only the other one is guessed.

    Raises:
        UnknownColumn: a chosen column does not exist.
    """
    columns = table.columns
    for chosen in (text_column, label_column):
        if chosen is not None:
            table.column(chosen)
    facts = {name: _facts(table.column(name)) for name in columns}
    text_scores = {name: _text_score(name, facts[name]) for name in columns}
    label_scores = {name: _label_score(name, facts[name]) for name in columns}
    if len(columns) == 1:
        return ColumnGuess(columns[0], round(text_scores[columns[0]], 2), "", 0.0)
    # Of all pairs the best sum: a column that could be either goes where the other role needs it less.
    pairs = [(t, c) for t, c in _pairs(columns) if text_column in (None, t) and label_column in (None, c)]
    # The same column for both is the caller's mistake to hear of, from those who use the columns.
    text, label = max(pairs, key=lambda pair: text_scores[pair[0]] + label_scores[pair[1]]) if pairs else (columns[0], columns[0])
    return ColumnGuess(text, _confidence(text, text_scores, without=label), label, _confidence(label, label_scores, without=text))


def looks_like_ids(cells: Sequence[str]) -> bool:
    """Whether most cells are codes without a space, each its own: "A-1023", a hash, a link."""
    facts = _facts(cells)
    return facts.rows >= 5 and facts.distinct_share > 0.9 and facts.ids + facts.links + facts.dates > 0.8


def _pairs(columns: Sequence[str]) -> list[tuple[str, str]]:
    return [(text, label) for text in columns for label in columns if text != label]


def _confidence(chosen: str, scores: dict[str, float], without: str) -> float:
    """The column's own score, lowered when another one comes close."""
    others = [score for name, score in scores.items() if name not in (chosen, without)]
    best, second = scores[chosen], max(others, default=0.0)
    lead = 1.0 if best <= 0 else max(0.0, min(1.0, 2.0 * (1.0 - second / best)))
    return round(max(0.0, min(1.0, best * (0.5 + 0.5 * lead))), 2)


def _facts(cells: Sequence[str]) -> _Facts:
    step = max(1, len(cells) // _LOOK)
    looked = cells[::step]
    filled = [cell.strip() for cell in looked if cell.strip()]
    n = len(filled) or 1
    counts: dict[str, int] = {}
    for cell in filled:
        counts[cell] = counts.get(cell, 0) + 1
    lengths = [len(cell) for cell in filled]
    words = [len(cell[:2000].split()) + len(_CJK.findall(cell[:2000])) / 1.6 for cell in filled]
    return _Facts(
        filled=len(filled) / (len(looked) or 1),
        words=sum(words) / n,
        characters=sum(lengths) / n,
        distinct=len(counts),
        distinct_share=len(counts) / n,
        repeated_share=sum(count for count in counts.values() if count > 1) / n,
        numbers=sum(map(is_number, filled)) / n,
        dates=sum(1 for cell in filled if _DATE.fullmatch(cell)) / n,
        ids=sum(1 for cell in filled if len(cell) <= 80 and _ID.fullmatch(cell)) / n,
        links=sum(1 for cell in filled if _LINK.fullmatch(cell)) / n,
        rows=len(filled),
    )


def _text_score(name: str, facts: _Facts) -> float:
    if not facts.rows:
        return 0.0
    length = min(1.0, facts.words / 8) * 0.6 + min(1.0, facts.characters / 40) * 0.4
    content = length * (0.4 + 0.6 * facts.distinct_share)
    content *= 1.0 - min(1.0, facts.numbers + facts.dates + facts.links + (facts.ids if facts.words < 1.5 else 0.0))
    named, label_like, aside = (name_score(name, names) for names in (TEXT_NAMES, LABEL_NAMES, OTHER_NAMES))
    score = 0.65 * content + 0.35 * named - (0.15 * label_like if named < label_like else 0.0) - (0.1 * aside if not named else 0.0)
    if content < 0.02:
        score = min(score, 0.12)  # a column of numbers called "text" is still no text
    return max(0.0, min(1.0, score * (0.3 + 0.7 * facts.filled)))


def _label_score(name: str, facts: _Facts) -> float:
    if not facts.rows:
        return 0.0
    named, text_like, aside = (name_score(name, names) for names in (LABEL_NAMES, TEXT_NAMES, OTHER_NAMES))
    named = max(named, 0.3 * name_score(name, RATING_NAMES))
    if facts.distinct < 2:
        return 0.05 + 0.1 * named
    few = 1.0 if facts.distinct <= 20 else 20 / facts.distinct + 0.5 if facts.distinct <= 200 else 0.2
    content = facts.repeated_share * min(1.0, few) * min(1.0, 2.0 - facts.words / 4) * min(1.0, 30 / max(1.0, facts.characters))
    if facts.numbers > 0.9:
        content *= 0.75 if facts.distinct <= 12 else 0.25  # 0 and 1 are labels, prices are not
    content = max(0.0, content * (1.0 - facts.dates) * (1.0 - facts.links))
    score = 0.6 * content + 0.4 * named - (0.25 * aside if named < aside else 0.0) - (0.1 * text_like if named < text_like else 0.0)
    if facts.distinct_share > 0.9 and facts.rows >= 20:
        score = min(score, 0.3)
    return max(0.0, min(1.0, score * (0.3 + 0.7 * facts.filled)))
