"""A tiny encoder that really learns, and rows that it can learn from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from ptm_demo.data import LabelledTexts, Split, split
from ptm_demo.hubs.base import PulledModel
from ptm_demo.tuning import TuneConfig
from tests.tiny import pulled_tiny

GOOD = ("good", "great", "love", "fine", "best", "happy", "funny", "clean", "warm", "cheap")
BAD = ("bad", "awful", "hate", "poor", "worst", "sad", "boring", "dirty", "cold", "costly")
THINGS = ("film", "movie", "book", "food", "phone", "service", "story", "plot", "actor", "weather", "price", "room")


def rows(count: int = 160) -> LabelledTexts:
    """Different sentences of different lengths whose label one word decides."""
    texts, labels = [], []
    for number in range(count):
        label = ("good", "bad")[number % 2]
        words = (GOOD, BAD)[number % 2]
        word = words[(number // 2) % 10]
        things = [THINGS[(number * 5 + step * 7 + number // 24) % 12] for step in range(1 + number % 3)]
        texts.append(f"{' and '.join(things)} {word} {word} {number // 20}")
        labels.append(label)
    return LabelledTexts(texts, labels, list(range(1, count + 1)))


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> PulledModel:
    """A bare tiny encoder: pooled by the mean, as a sentence encoder."""
    return pulled_tiny("bert", tmp_path_factory.mktemp("tiny"), head="none", std=0.3)


@pytest.fixture(scope="session")
def parts() -> Split:
    return split(rows(), eval_fraction=0.15, test_fraction=0.2)


@pytest.fixture
def plan() -> TuneConfig:
    return TuneConfig.of("quick", model_id="tiny/bert", epochs=6, batch_size=8, learning_rate=0.01, max_length=32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "checkpoints"


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny products on one thread: faster, and alike on every machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
