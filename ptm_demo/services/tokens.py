"""Counts tokens with a model's own tokenizer, without a model library."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ptm_demo.hubs import Hubs

TokenCounter = Callable[[list[str]], list[int]]


def token_counter(hubs: Hubs, model_id: str, *, pull: bool = False) -> TokenCounter | None:
    """A counter for the model; None when it is not on this machine (lengths are told in characters then).

    Args:
        pull: bring the model here when it is not, or raise what keeps it away.
    """
    if not pull and not any(info.id == model_id for info in hubs.installed()):
        return None
    pulled = hubs.pull(model_id)
    file = pulled.path / "tokenizer.json"
    if not file.exists():
        return None
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    prefix = pulled.text_prefix

    def count(texts: list[str]) -> list[int]:
        return [len(encoding.ids) for encoding in tokenizer.encode_batch([prefix + text for text in texts])]

    return count
