"""A model in memory, with all that is needed to use it. Knows nothing of how it was loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

Kind = Literal["classifier", "encoder", "causal_lm", "masked_lm"]


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A transformers model in evaluation mode, float32, on the CPU, and its tokenizer.

    Attributes:
        model: a PreTrainedModel of the kind.
        tokenizer: with a padding token, and a `model_max_length` that is true.
        kind: what the model's output is.
        text_prefix: what every text must begin with.
        labels: class names in the order of the logits (classifiers only).
        fresh: names of the modules whose weights are random because the checkpoint has none: heads, and poolers of masked
            LMs. Whoever trains must train and save these as well.
    """

    model: Any
    tokenizer: Any
    model_id: str
    revision: str
    path: Path
    kind: Kind
    text_prefix: str = ""
    labels: tuple[str, ...] = ()
    fresh: tuple[str, ...] = ()

    @property
    def max_length(self) -> int:
        """The longest input, in tokens with the special ones, that the model has positions for."""
        return int(self.tokenizer.model_max_length)

    @property
    def bytes(self) -> int:
        """Memory of the weights."""
        return model_bytes(self.model)

    def prefixed(self, texts: list[str]) -> list[str]:
        """The texts as this model wants them."""
        return [self.text_prefix + text for text in texts] if self.text_prefix else list(texts)


def count_parameters(model: torch.nn.Module, trainable: bool = False) -> int:
    """How many numbers the model has (tied weights once), or how many of them training changes."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad or not trainable)


def model_bytes(model: torch.nn.Module) -> int:
    """Memory of the weights and buffers, shared ones counted once."""
    tensors = {tensor.data_ptr(): tensor.numel() * tensor.element_size() for tensor in (*model.parameters(), *model.buffers())}
    return sum(tensors.values())
