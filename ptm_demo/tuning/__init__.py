"""Tunes a pretrained model on labelled texts and judges what came out. The heavy parts are loaded when they are first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ptm_demo.tuning.config import PRESETS, Preset, TuneConfig

if TYPE_CHECKING:
    from ptm_demo.tuning.code import reproduce_command, reproduce_script
    from ptm_demo.tuning.comparing import baselines
    from ptm_demo.tuning.estimating import estimate
    from ptm_demo.tuning.loop import Tuned, train
    from ptm_demo.tuning.metrics import confident_mistakes, evaluate
    from ptm_demo.tuning.run import run_training
    from ptm_demo.tuning.suspects import suspect_labels

__all__ = [
    "PRESETS",
    "Preset",
    "TuneConfig",
    "Tuned",
    "baselines",
    "confident_mistakes",
    "estimate",
    "evaluate",
    "reproduce_command",
    "reproduce_script",
    "run_training",
    "suspect_labels",
    "train",
]

_HOMES = {
    "Tuned": "loop",
    "baselines": "comparing",
    "confident_mistakes": "metrics",
    "estimate": "estimating",
    "evaluate": "metrics",
    "reproduce_command": "code",
    "reproduce_script": "code",
    "run_training": "run",
    "suspect_labels": "suspects",
    "train": "loop",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ptm_demo.tuning' has no attribute {name!r}")
    return getattr(import_module(f"ptm_demo.tuning.{_HOMES[name]}"), name)
