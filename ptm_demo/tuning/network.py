"""Puts LoRA adapters and a new head on a pretrained model, ready to be trained fast. Knows no data and no training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from torch import nn

from ptm_demo.hubs.base import PulledModel
from ptm_demo.models.loaded import LoadedModel
from ptm_demo.models.lora import apply_lora
from ptm_demo.models.text_classifier import load_text_classifier
from ptm_demo.tuning.config import TuneConfig
from ptm_demo.tuning.fast_lora import speed_up


def build(pulled: PulledModel, labels: Sequence[str], config: TuneConfig) -> LoadedModel:
    """The pretrained model with fresh adapters and a fresh head, both decided by `config.seed`; only those are trainable.

    The body stays in evaluation mode: its own dropout, made for training all weights, costs a fifth of the time and gains
    an adapter nothing. `lora_dropout` is on when it is asked for.

    Raises:
        BadOption: `target_modules` names no linear layer of this model.
        ModelError: the model cannot be loaded or is of another kind.
    """
    base = load_text_classifier(pulled, labels, seed=config.seed)
    targets = "all-linear" if config.target_modules == "auto" else config.target_modules
    model = apply_lora(
        base, r=config.lora_r, alpha=config.lora_alpha, dropout=config.lora_dropout, targets=targets, seed=config.seed
    )  # fmt: skip
    model.eval()
    speed_up(model)
    return replace(base, model=model)


def set_adapter_dropout(model: nn.Module, on: bool) -> None:
    """Turn the adapters' own dropout on (while training) or off (while judging); nothing else changes."""
    for name, module in model.named_modules():
        if ".lora_dropout." in name:
            module.train(on)


def trained_parameters(model: nn.Module) -> dict[str, nn.Parameter]:
    """What training changes, by name: the adapters and the modules trained in full."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
