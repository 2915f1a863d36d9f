"""Rows to training, validation and test parts: stratified, repeatable, and no text in two parts. Knows nothing of tables.

Rows with the same text (but for case, spaces and punctuation) move together. Which of a class's groups go where is decided by
a hash of seed and text, so that the same rows fall into the same parts in whatever order the file has them.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass

from ptm_demo.data.labelled import LabelledTexts
from ptm_demo.data.normalise import clean, loose_key
from ptm_demo.data.problems import listed
from ptm_demo.errors import BadOption, UnseenLabel


@dataclass(frozen=True, slots=True)
class Split:
    """Training, validation ("eval") and test rows, each in the order of the file."""

    train: LabelledTexts
    eval: LabelledTexts
    test: LabelledTexts


def split(
    labelled: LabelledTexts,
    *,
    eval_fraction: float = 0.1,
    test_fraction: float = 0.2,
    seed: int = 0,
    test: LabelledTexts | None = None,
) -> Split:
    """Divide the rows, class by class.

    Args:
        eval_fraction: validation rows as a share of what the test leaves.
        test_fraction: test rows as a share of all rows; without effect when `test` is given.
        test: a test set of one's own; the rows are then divided into training and validation only.

    Every class has a row in train. With two different texts it has one in test too (with a test set of its own: in eval), with
    three one in each part; a fraction of 0 leaves its part empty.

    Raises:
        BadOption: a fraction is not in 0…0.9.
        UnseenLabel: `test` has a label that no row has.
    """
    for option, fraction in (("eval_fraction", eval_fraction), ("test_fraction", test_fraction)):
        if not 0.0 <= fraction <= 0.9:
            raise BadOption(option=option, expected="a number from 0 to 0.9", found=fraction)
    if test is not None:
        known = set(labelled.labels)
        for label in test.labels:
            if label not in known:
                raise UnseenLabel(known=listed(sorted(known), 10), name="the test table", label=label)
        test_fraction = 0.0
    parts: dict[str, list[int]] = {"train": [], "eval": [], "test": []}
    for groups in _groups_by_label(labelled, seed).values():
        rows = sum(map(len, groups))
        to_test = test_fraction * rows
        wanted = {"test": to_test, "eval": eval_fraction * (rows - to_test)}
        for name, positions in _deal(groups, wanted).items():
            parts[name] += positions
    pick = {name: labelled.take(sorted(positions)) for name, positions in parts.items()}
    return Split(pick["train"], pick["eval"], pick["test"] if test is None else test)


def _groups_by_label(labelled: LabelledTexts, seed: int) -> dict[str, list[list[int]]]:
    """For each label its groups of rows with one text, in the order of their hash; a text under several labels goes with the commonest."""
    groups: dict[str, list[int]] = {}
    for i, text in enumerate(labelled.texts):
        groups.setdefault(loose_key(clean(text)), []).append(i)
    by_label: dict[str, list[tuple[bytes, list[int]]]] = {}
    for key, positions in groups.items():
        counts = Counter(labelled.labels[i] for i in positions)
        label = min(counts, key=lambda name: (-counts[name], name))
        order = hashlib.blake2b(f"{seed}\x00{key}".encode("utf-8", errors="replace"), digest_size=8).digest()
        by_label.setdefault(label, []).append((order, positions))
    return {label: [positions for _, positions in sorted(found)] for label, found in sorted(by_label.items())}


def _deal(groups: list[list[int]], wanted: dict[str, float]) -> dict[str, list[int]]:
    """Deal one class's groups: at least one to train, then one to test, then one to eval, then as many rows as wanted."""
    left = list(enumerate(groups))
    dealt: dict[str, list[int]] = {"train": [], "eval": [], "test": []}
    for name in ("test", "eval"):
        target = max(1, round(wanted[name])) if wanted[name] > 0 else 0
        later = 1 if name == "eval" or wanted["eval"] <= 0 or len(groups) < 3 else 2  # groups that the other parts still need
        kept: list[tuple[int, list[int]]] = []
        for at, (place, group) in enumerate(left):
            spare = len(left) - at + len(kept) > later
            if spare and len(dealt[name]) + len(group) <= target:
                dealt[name] += group
            else:
                kept.append((place, group))
        if target and not dealt[name] and len(kept) > later:
            smallest = min(kept, key=lambda item: (len(item[1]), item[0]))  # every group is bigger than the share: better one too many
            kept.remove(smallest)
            dealt[name] += smallest[1]
        left = kept
    dealt["train"] = [i for _, group in left for i in group]
    return dealt
