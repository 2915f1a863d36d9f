from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptm_demo.tuning.order import learning_rate_at, steps_per_epoch, training_order


@given(st.lists(st.integers(1, 60), min_size=1, max_size=300), st.integers(1, 20), st.integers(0, 5), st.integers(0, 5))
def test_every_row_once_in_full_batches(lengths: list[int], size: int, seed: int, epoch: int) -> None:
    batches = training_order(lengths, size, seed, epoch)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert len(batches) == steps_per_epoch(len(lengths), size)
    assert sum(len(batch) < size for batch in batches) <= 1


def test_seed_and_epoch_alone_decide() -> None:
    lengths = np.random.default_rng(0).integers(3, 60, 200).tolist()
    assert training_order(lengths, 8, 1, 2) == training_order(lengths, 8, 1, 2)
    assert training_order(lengths, 8, 1, 2) != training_order(lengths, 8, 1, 3)
    assert training_order(lengths, 8, 1, 2) != training_order(lengths, 8, 2, 2)


def test_like_lengths_share_a_batch() -> None:
    lengths = np.random.default_rng(0).integers(3, 60, 800).tolist()
    padded = sum(len(batch) * max(lengths[row] for row in batch) for batch in training_order(lengths, 16, 0, 0))
    assert padded < 1.06 * sum(lengths)


def test_the_rate_rises_and_falls_along_lines() -> None:
    rates = [learning_rate_at(step, 100, 1.0, 0.1) for step in range(100)]
    assert rates[:10] == pytest.approx(np.linspace(0.1, 1.0, 10).tolist())
    assert np.diff(rates[10:]) == pytest.approx(np.full(89, -1 / 90))
    assert rates[-1] == pytest.approx(1 / 90)
    assert learning_rate_at(0, 1, 1.0, 0.0) == 1.0
