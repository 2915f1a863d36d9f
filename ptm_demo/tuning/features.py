"""Sentence vectors from the untuned model, for the frozen baseline and for finding wrong labels. Knows no training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from ptm_demo.hubs.base import PulledModel
from ptm_demo.models.load import load_encoder
from ptm_demo.models.pooled import mean_pool
from ptm_demo.progress import CancelToken, Progress, ProgressFn, ignore
from ptm_demo.tasks.batches import collate, encode, reading_order
from ptm_demo.tasks.classify import BATCH_ROWS, BATCH_TOKENS


def frozen_vectors(
    pulled: PulledModel, texts: Sequence[str], max_length: int, *, progress: ProgressFn = ignore, cancel: CancelToken | None = None
) -> np.ndarray:
    """Mean token vectors float32 [n, d] at length 1, in the order of `texts`."""
    loaded = load_encoder(pulled)
    model = loaded.model
    token_ids = encode(loaded.tokenizer, texts, min(max_length, loaded.max_length), loaded.text_prefix)
    found = np.zeros((len(texts), int(model.config.hidden_size)), dtype=np.float32)
    done = 0
    with torch.inference_mode():
        for index in reading_order([len(ids) for ids in token_ids], BATCH_ROWS, BATCH_TOKENS):
            if cancel is not None:
                cancel.check()
            batch = collate(token_ids, index, loaded.tokenizer.pad_token_id)
            hidden = model(input_ids=batch.input_ids, attention_mask=batch.attention_mask).last_hidden_state
            found[index] = mean_pool(hidden, batch.attention_mask).float().numpy()
            done += len(index)
            progress(Progress("vectors", done, len(texts), "rows"))
    return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
