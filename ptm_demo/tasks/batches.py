"""Texts to token ids, and token ids to padded batches of like length. Knows no model beyond its tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

TOKENIZE_ROWS = 2000

TokenIds = Sequence[int]


@dataclass(frozen=True, slots=True)
class Batch:
    """Token ids [rows, length]; the mask (1 = token, 0 = padding) is None when nothing is padded; `index` are the rows' places."""

    input_ids: torch.Tensor
    attention_mask: torch.Tensor | None
    index: tuple[int, ...]


def encode(tokenizer: Any, texts: Sequence[str], max_length: int, prefix: str = "") -> list[list[int]]:
    """Token ids of every text, with the model's special tokens, cut to `max_length`."""
    found: list[list[int]] = []
    for start in range(0, len(texts), TOKENIZE_ROWS):
        part = [prefix + text for text in texts[start : start + TOKENIZE_ROWS]]
        found.extend(tokenizer(part, truncation=True, max_length=max_length, return_attention_mask=False)["input_ids"])
    return found


def collate(token_ids: Sequence[TokenIds], index: Sequence[int], pad_id: int) -> Batch:
    """The batch of the rows at `index`, padded on the right to the longest."""
    rows = [token_ids[i] for i in index]
    lengths = [max(1, len(row)) for row in rows]
    longest = max(lengths)
    input_ids = np.full((len(rows), longest), pad_id, dtype=np.int64)
    for place, row in enumerate(rows):
        input_ids[place, : len(row)] = row
    mask = None
    if min(lengths) != longest:
        mask = torch.from_numpy((np.arange(longest)[None, :] < np.array(lengths)[:, None]).astype(np.int64))
    return Batch(torch.from_numpy(input_ids), mask, tuple(int(i) for i in index))


def reading_order(lengths: Sequence[int], batch_size: int, token_budget: int = 0) -> list[list[int]]:
    """Batches for reading only, longest first; a batch holds at most `batch_size` rows, and `token_budget` tokens when that is given."""
    batches: list[list[int]] = []
    current: list[int] = []
    longest = 0
    for row in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        longest = longest or max(1, lengths[row])
        if current and (len(current) == batch_size or (token_budget and (len(current) + 1) * longest > token_budget)):
            batches.append(current)
            current, longest = [], max(1, lengths[row])
        current.append(row)
    if current:
        batches.append(current)
    return batches
