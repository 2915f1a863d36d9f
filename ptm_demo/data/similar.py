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
# Comparisons in all, spread evenly over the texts, and the fewest for one text.
_COMPARISONS = 2_000_000
_FEWEST_COMPARISONS = 20
_UNIT = re.compile(r"[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af]+|[^\W_]+")


def similar_to_earlier(texts: Sequence[str], threshold: float = THRESHOLD) -> list[tuple[int, int]]:
    """Pairs (position, earlier position) of texts whose similarity is at least the threshold; one pair a later text.

    A word that very many texts share is followed to the latest of them only (200 texts when there are 10,000, 20 when there
    are 100,000), so among very many texts some pairs may be missed; none is reported that is not similar.
    """
    words = [set(_units(text[:_MOST_CHARACTERS])) for text in texts]
    frequency = Counter(unit for units in words for unit in units)
    # Numbers in the order of rarity: the rarest members of a set are then its smallest.
    ordered = sorted(frequency.items(), key=lambda item: (item[1], item[0]))
    rank = {unit: i for i, (unit, _) in enumerate(ordered)}
    once = sum(1 for _, n in ordered if n == 1)
    sets = [frozenset(map(rank.__getitem__, units)) for units in words]
    del words, frequency, ordered
    most = max(_FEWEST_COMPARISONS, _COMPARISONS // max(1, len(texts)))
    postings: dict[int, list[int]] = {}
    found: list[tuple[int, int]] = []
    for i, members in enumerate(sets):
        size = len(members)
        if size < _FEWEST:
            continue
        prefix = [unit for unit in sorted(members)[: size - _at_least(threshold * size) + 1] if unit >= once]
        match = _first_match(members, [postings.get(unit, ())[-most:] for unit in prefix], sets, threshold)
        if match is not None:
            found.append((i, match))
        for unit in prefix:
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
    members: frozenset[int], candidates: Sequence[Sequence[int]], sets: Sequence[frozenset[int]], threshold: float
) -> int | None:
    seen: set[int] = set()
    size = len(members)
    low, high = threshold * size, size / threshold
    for some in candidates:
        for j in some:
            if j in seen:
                continue
            seen.add(j)
            other = sets[j]
            if low <= len(other) <= high:
                shared = len(members & other)
                if shared >= threshold * (size + len(other) - shared):
                    return j
    return None


def _at_least(value: float) -> int:
    return -int(-value // 1)
