"""Texts to vectors: one vector a text, pooled from the model's token vectors. Knows nothing of classifiers or networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch

from ptm_demo.errors import BadOption
from ptm_demo.models.loaded import LoadedModel
from ptm_demo.models.pooled import mean_pool
from ptm_demo.progress import CancelToken, Progress, ProgressFn, ignore

Pooling = Literal["mean", "first", "last"]
MAX_LENGTH = 512


def embed(
    loaded: LoadedModel,
    texts: Sequence[str],
    batch_size: int = 32,
    pooling: str = "mean",
    *,
    normalize: bool = True,
    max_length: int | None = None,
    progress: ProgressFn = ignore,
    cancel: CancelToken | None = None,
) -> np.ndarray:
    """One vector a text, in the order of the texts.

    Texts are run in batches of equal length as far as possible, so that little is computed on padding.

    Args:
        loaded: an encoder (`load_encoder`); its `text_prefix` is put before every text.
        batch_size: texts at once.
        pooling: "mean" over the real tokens, as sentence encoders are trained for; "first" ([CLS]) or "last" real token.
        normalize: scale each vector to length 1, so that a dot product is a cosine.
        max_length: tokens after which a text is cut (default: 512, or what the model has positions for).

    Returns:
        float32 array [n, d], d the model's hidden size.

    Raises:
        BadOption: an unknown pooling, or a batch or length that is not positive.
        Cancelled: `cancel` was set; looked at before each batch.
    """
    if pooling not in {"mean", "first", "last"}:
        raise BadOption(option="pooling", expected="mean, first or last", found=pooling)
    if batch_size < 1 or (max_length is not None and max_length < 1):
        raise BadOption(option="batch_size and max_length", expected="1 or more", found=f"{batch_size} and {max_length}")
    ids = _tokens(loaded, texts, min(max_length or MAX_LENGTH, loaded.max_length))
    vectors = np.zeros((len(ids), _width(loaded.model)), np.float32)
    order = sorted(range(len(ids)), key=lambda number: len(ids[number]), reverse=True)
    for start in range(0, len(order), batch_size):
        if cancel is not None:
            cancel.check()
        rows = order[start : start + batch_size]
        vectors[rows] = _pooled(loaded, [ids[row] for row in rows], pooling).numpy()
        progress(Progress("embed", start + len(rows), len(order), "rows"))
    if normalize:
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return vectors


def _tokens(loaded: LoadedModel, texts: Sequence[str], limit: int) -> list[list[int]]:
    """Token ids of each text. One that has none at all (an empty text, for a decoder) becomes one padding token."""
    if not texts:
        return []
    encoded = loaded.tokenizer(loaded.prefixed(list(texts)), truncation=True, max_length=limit, return_attention_mask=False)["input_ids"]
    return [ids or [loaded.tokenizer.pad_token_id] for ids in encoded]


def _pooled(loaded: LoadedModel, ids: list[list[int]], pooling: str) -> torch.Tensor:
    """[n, d] of one batch, padded on the right."""
    lengths = torch.tensor([len(row) for row in ids])
    tokens = torch.full((len(ids), int(lengths.max())), loaded.tokenizer.pad_token_id)
    for row, numbers in enumerate(ids):
        tokens[row, : len(numbers)] = torch.tensor(numbers)
    mask = (torch.arange(tokens.shape[1]) < lengths[:, None]).long()
    with torch.inference_mode():
        hidden = loaded.model(input_ids=tokens, attention_mask=mask).last_hidden_state
        if pooling == "mean":
            return mean_pool(hidden, mask)
        return hidden[:, 0] if pooling == "first" else hidden[torch.arange(len(ids)), lengths - 1]


def _width(model: Any) -> int:
    return int(model.config.hidden_size)
