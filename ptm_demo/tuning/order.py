"""In which order rows are trained on: batches of like length, decided by a seed and an epoch alone. Knows no model.

Rows of like length share a batch, so hardly any work goes into padding; which rows meet, and the order of the batches,
still change from epoch to epoch. Because nothing else decides it, a resumed run goes on with the very batch it would
have had.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

POOL = 50  # batches that are sorted by length together: more pads less, fewer mixes better


def training_order(lengths: Sequence[int], batch_size: int, seed: int, epoch: int) -> list[list[int]]:
    """Row places of every batch of one epoch; every row is in exactly one."""
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(len(lengths))
    batches: list[list[int]] = []
    for start in range(0, len(order), batch_size * POOL):
        pool = sorted(order[start : start + batch_size * POOL].tolist(), key=lambda row: lengths[row])
        batches.extend(pool[i : i + batch_size] for i in range(0, len(pool), batch_size))
    return [batches[i] for i in random.permutation(len(batches))]


def steps_per_epoch(rows: int, batch_size: int) -> int:
    """Number of batches that `training_order` makes."""
    return -(-rows // batch_size)


def learning_rate_at(step: int, steps: int, highest: float, warmup_ratio: float) -> float:
    """Learning rate of step 0…steps-1: up a line over the warm-up, then down a line that would reach 0 at `steps`."""
    warm = max(1, int(warmup_ratio * steps))
    if step < warm:
        return highest * (step + 1) / warm
    return highest * (steps - step) / max(1, steps - warm)
