"""Gives a pooled head with many classes a start: the mean vector of some rows of each class. Knows no training.

With dozens of classes each sees few rows in an epoch, and a head drawn at random spends most of them on finding its
direction; the class means, which a sentence encoder already tells apart, save that.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from ptm_demo.models.pooled import PooledClassifier, mean_pool
from ptm_demo.tasks.batches import collate, reading_order

MANY_CLASSES = 9  # fewer learn their directions within a few steps
ROWS_A_CLASS = 16
MOST_ROWS = 2000  # so that the first step never waits long
SCALE = 5.0  # logits of a clear row: decided, yet far from certain, so that the loss still teaches


def start_head(model: nn.Module, token_ids: Sequence[Sequence[int]], truth: np.ndarray, classes: int, pad_id: int) -> bool:
    """Set the head's weights from class means; False when the model has another head, or few classes.

    Args:
        model: a PEFT model whose adapters do nothing yet.
        truth: class index of every row of `token_ids`.
    """
    pooled = next((module for module in model.modules() if isinstance(module, PooledClassifier)), None)
    if pooled is None or classes < MANY_CLASSES:
        return False
    some = max(1, min(ROWS_A_CLASS, MOST_ROWS // classes))
    chosen = [int(row) for index in range(classes) for row in np.flatnonzero(truth == index)[:some]]
    vectors = _vectors(pooled.encoder, [token_ids[row] for row in chosen], pad_id)
    middle = vectors.mean(dim=0)
    around = vectors - middle
    length = around.norm(dim=1).mean().clamp(min=1e-6)
    kept_truth = torch.from_numpy(truth[chosen])
    means = torch.stack([nn.functional.normalize(around[kept_truth == index], dim=1).mean(dim=0) for index in range(classes)])
    weight = nn.functional.normalize(means, dim=1) * SCALE / length
    with torch.no_grad():
        for name, parameter in pooled.classifier.named_parameters():
            if parameter.requires_grad:  # PEFT keeps the frozen original beside the one that is trained
                parameter.copy_(weight if name.endswith("weight") else -(weight @ middle))
    return True


def _vectors(encoder: nn.Module, token_ids: Sequence[Sequence[int]], pad_id: int) -> torch.Tensor:
    found = torch.zeros(len(token_ids), int(encoder.config.hidden_size))
    with torch.no_grad():
        for index in reading_order([len(ids) for ids in token_ids], 32, 4096):
            batch = collate(token_ids, index, pad_id)
            hidden = encoder(input_ids=batch.input_ids, attention_mask=batch.attention_mask).last_hidden_state
            found[index] = mean_pool(hidden, batch.attention_mask)
    return found
