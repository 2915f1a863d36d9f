"""Texts that share most of their words with an earlier one: a set-similarity join, exact up to a stated bound.

The Jaccard similarity of the word sets (for Chinese: pairs of neighbouring characters). Two sets that are similar enough must
share one of their rarest few members (prefix filter, Chaudhuri et al. 2006; Bayardo et al. 2007), so only those are
looked up: short texts, 100,000 of them, take seconds. Knows nothing of labels.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

THRESHOLD = 0.8
_FEWEST = 5  # in shorter texts one other word is another sentence
_MOST_CHARACTERS = 600
_MOST_CANDIDATES = 60
_UNIT = re.compile(r"[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af]+|[^\W_]+")


def similar_to_earlier(texts: Sequence[str], threshold: float = THRESHOLD) -> list[tuple[int, int]]:
    """Pairs (position, earlier position) of texts whose similarity is at least the threshold; one pair a later text.

    A member that very many texts share is followed to its latest 60 texts only, so among thousands of texts of one
    template some pairs may be missed; none is reported that is not similar.
    """
    sets = [frozenset(_units(text[:_MOST_CHARACTERS])) for text in texts]
    frequency = Counter(unit for units in sets for unit in units)
    rank = {unit: i for i, (unit, _) in enumerate(sorted(frequency.items(), key=lambda item: (item[1], item[0])))}
    postings: dict[str, list[int]] = {}
    found: list[tuple[int, int]] = []
    for i, units in enumerate(sets):
        size = len(units)
        if size < _FEWEST:
            continue
        prefix = sorted(units, key=rank.__getitem__)[: size - _at_least(threshold * size) + 1]
        match = _first_match(i, units, prefix, postings, sets, threshold)
        if match is not None:
            found.append((i, match))
        for unit in prefix:
            if frequency[unit] > 1:
                postings.setdefault(unit, []).append(i)
    return found


def _units(text: str) -> list[str]:
    units: list[str] = []
    for run in _UNIT.findall(text.casefold()):
        if run[0] >= "\u3041":
            units += [run[j : j + 2] for j in range(len(run) - 1)] or [run]
        else:
            units.append(run)
    return units


def _first_match(
    i: int, units: frozenset[str], prefix: list[str], postings: dict[str, list[int]], sets: list[frozenset[str]], threshold: float
) -> int | None:
    seen: set[int] = set()
    size = len(units)
    for unit in prefix:
        for j in postings.get(unit, ())[-_MOST_CANDIDATES:]:
            if j in seen:
                continue
            seen.add(j)
            other = sets[j]
            if not threshold * size <= len(other) <= size / threshold:
                continue
            shared = len(units & other)
            if shared >= threshold * (size + len(other) - shared):
                return j
    return None


def _at_least(value: float) -> int:
    return -int(-value // 1)
