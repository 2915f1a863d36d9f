"""Which rows belong together: repeats, contradictions, spellings of one label, rare labels. What the report counts and the fixes mend.

All functions take parallel lists of texts and labels of usable rows and answer with positions in them. Knows nothing of tables.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ptm_demo.data.normalise import clean, label_key, loose_key, text_key

# With fewer rows a class cannot give one to each of training, validation and test in the usual shares.
MIN_CLASS_ROWS = 5


class Keys:
    """The normalised forms of texts and labels, made once."""

    def __init__(self, texts: Sequence[str], labels: Sequence[str]) -> None:
        by_label = {label: label_key(label) for label in set(labels)}
        self.labels = [by_label[label] for label in labels]
        self.exact = [clean(text) for text in texts]
        self.text = [text_key(text) for text in texts]
        self.loose = [loose_key(text) for text in texts]


def repeats(keys: Keys) -> tuple[list[int], list[int]]:
    """Rows that repeat an earlier row of the same label: word for word, and but for case, spaces or punctuation."""
    seen_exact: set[tuple[str, str]] = set()
    seen_loose: set[tuple[str, str]] = set()
    exact, near = [], []
    for i, label in enumerate(keys.labels):
        as_is, loose = (keys.exact[i], label), (keys.loose[i], label)
        if as_is in seen_exact:
            exact.append(i)
        elif loose in seen_loose:
            near.append(i)
        seen_exact.add(as_is)
        seen_loose.add(loose)
    return exact, near


def contradictions(keys: Keys) -> list[int]:
    """Rows whose text stands under more than one label."""
    first: dict[str, str] = {}
    torn: set[str] = set()
    for text, label in zip(keys.text, keys.labels, strict=True):
        if first.setdefault(text, label) != label:
            torn.add(text)
    return [i for i, text in enumerate(keys.text) if text in torn]


def spellings(labels: Sequence[str]) -> dict[str, str]:
    """For each label that is a rarer spelling of another one, that other one (the most frequent; the first in a tie)."""
    counts = Counter(labels)
    best: dict[str, str] = {}
    for label, count in counts.items():
        key = label_key(label)
        if key not in best or count > counts[best[key]]:
            best[key] = label
    return {label: best[key] for label in counts if best[key := label_key(label)] != label}


def rare_labels(keys: Sequence[str], needed: int = MIN_CLASS_ROWS) -> dict[str, int]:
    """Label keys with fewer rows than needed, and how many they have, fewest first."""
    return {label: n for label, n in reversed(Counter(keys).most_common()) if n < needed}
