from __future__ import annotations

import numpy as np
import torch

from ptm_demo.hubs.base import PulledModel
from ptm_demo.tasks.batches import encode
from ptm_demo.tasks.classify import predict_logits
from ptm_demo.tuning import TuneConfig
from ptm_demo.tuning.head import MANY_CLASSES, start_head
from ptm_demo.tuning.network import build, trained_parameters
from tests.tiny import WORDS


def test_class_means_tell_many_classes_apart_before_any_step(tiny: PulledModel) -> None:
    labels = [f"c{i:02}" for i in range(12)]
    texts = [f"{WORDS[20 + i]} {WORDS[20 + i]} {extra}" for i in range(12) for extra in ("", "room", "film", "the")]
    truth = np.repeat(np.arange(12), 4)
    loaded = build(tiny, labels, TuneConfig(model_id="tiny/bert"))
    ids = encode(loaded.tokenizer, texts, 32)
    before = (predict_logits(loaded.model, ids, 0).argmax(axis=1) == truth).mean()
    assert start_head(loaded.model, ids, truth, 12, 0)
    logits = predict_logits(loaded.model, ids, 0)
    assert (logits.argmax(axis=1) == truth).mean() > before + 0.5
    assert np.abs(logits).max() < 50  # decided, yet not certain


def test_few_classes_keep_their_drawn_head(tiny: PulledModel) -> None:
    loaded = build(tiny, ["a", "b"], TuneConfig(model_id="tiny/bert"))
    before = {name: value.clone() for name, value in trained_parameters(loaded.model).items()}
    assert not start_head(loaded.model, [[2, 5, 3]], np.array([0]), MANY_CLASSES - 1, 0)
    assert all(torch.equal(before[name], value) for name, value in trained_parameters(loaded.model).items())
