"""What a training run is told: presets for most people, every knob for the rest. Checks itself where it is born.

Knows nothing of data, models or where things lie.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from types import MappingProxyType
from typing import Any

from ptm_demo.errors import BadOption

MOST_EVAL_ROWS = 600
MOST_EPOCHS = 30  # that a small table is passed over without being asked for
TARGETS = ("auto", "attention", "all-linear")


@dataclass(frozen=True, slots=True)
class Preset:
    """The knobs that "quick", "balanced" and "thorough" turn together.

    Attributes:
        epochs: passes over a table of ordinary size.
        min_steps: a small table is passed over more often, until so many optimizer steps are done.
        min_visits: so is one with many classes, until a class of average size was seen on so many rows.
    """

    name: str
    epochs: int
    min_steps: int
    min_visits: int
    batch_size: int
    max_length: int
    learning_rate: float
    lora_r: int


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        preset.name: preset
        for preset in (
            Preset("quick", epochs=1, min_steps=120, min_visits=200, batch_size=16, max_length=96, learning_rate=1e-3, lora_r=8),
            Preset("balanced", epochs=3, min_steps=240, min_visits=400, batch_size=16, max_length=128, learning_rate=1e-3, lora_r=8),
            Preset("thorough", epochs=6, min_steps=480, min_visits=800, batch_size=16, max_length=256, learning_rate=1e-3, lora_r=16),
        )
    }
)


# What a base model wants otherwise than the presets say (docs/reference/quality.md tells how it was found). The mask token of
# E5 was never part of its contrastive training, so hiding tokens behind it only adds noise.
RECIPES: Mapping[str, Mapping[str, Any]] = MappingProxyType({"builtin:e5-small": {"learning_rate": 5e-4, "token_dropout": 0.0}})


@dataclass(frozen=True, slots=True)
class TuneConfig:
    """One training plan.

    Attributes:
        model_id: the base model, as a hub knows it.
        preset: the preset that the plan began with; kept to be shown.
        epochs: passes over the training part, 1…100; 0 takes the preset's number, more for few rows or many classes (see `epochs_for`).
        batch_size: rows of one optimizer step, 1…512.
        max_length: tokens of a text that are read, 8…8192 (and never more than the model can).
        learning_rate: the highest one, reached after the warm-up; it then falls to 0 along a line.
        lora_r: rank of every adapter, 1…256.
        lora_alpha: an adapter's output is scaled by lora_alpha / lora_r.
        lora_dropout: share of an adapter's inputs dropped while training, 0…0.9. 0 is fastest.
        target_modules: "auto" (all linear layers), "attention", "all-linear", or names of modules.
        warmup_ratio: share of the steps in which the learning rate rises, 0…0.5.
        weight_decay: AdamW's, on all that is trained.
        label_smoothing: share of the target spread over all classes, 0…0.5.
        token_dropout: share of the tokens hidden behind the mask token in training, 0…0.5: as a regulariser nearly free of cost.
        max_grad_norm: gradients are scaled down to this norm.
        seed: of the head's weights, of the data's order, and of the split.
        class_weights: weigh rows by the inverse of their class's frequency.
        early_stopping_patience: stop after so many evaluations without a better validation macro-F1; 0 never stops.
        evals_per_epoch: evaluations on the validation part in one epoch.
        eval_fraction, test_fraction: shares of the rows for validation and for judging.
    """

    model_id: str = "builtin:minilm"
    preset: str = "balanced"
    epochs: int = 0
    batch_size: int = PRESETS["balanced"].batch_size
    max_length: int = PRESETS["balanced"].max_length
    learning_rate: float = PRESETS["balanced"].learning_rate
    lora_r: int = PRESETS["balanced"].lora_r
    lora_alpha: float = 2.0 * PRESETS["balanced"].lora_r
    lora_dropout: float = 0.0
    target_modules: str | tuple[str, ...] = "auto"
    warmup_ratio: float = 0.06
    weight_decay: float = 0.01
    label_smoothing: float = 0.1
    token_dropout: float = 0.1
    max_grad_norm: float = 1.0
    seed: int = 0
    class_weights: bool = False
    early_stopping_patience: int = 3
    evals_per_epoch: int = 1
    eval_fraction: float = 0.1
    test_fraction: float = 0.2

    def __post_init__(self) -> None:
        """Raises BadOption when a value cannot be."""
        if not isinstance(self.model_id, str) or not self.model_id.strip():
            raise BadOption(option="model_id", expected="a model's id", found=repr(self.model_id))
        if self.preset not in PRESETS:
            raise BadOption(option="preset", expected="one of " + ", ".join(PRESETS), found=repr(self.preset))
        for name, (low, high, whole) in _BOUNDS.items():
            _check_number(name, getattr(self, name), low, high, whole)
        if not isinstance(self.class_weights, bool):
            raise BadOption(option="class_weights", expected="true or false", found=repr(self.class_weights))
        if self.eval_fraction + self.test_fraction > 0.9:
            found = f"{self.eval_fraction:g} + {self.test_fraction:g}"
            raise BadOption(option="eval_fraction + test_fraction", expected="at most 0.9", found=found)
        targets = self.target_modules
        if isinstance(targets, str):
            if targets not in TARGETS:
                raise BadOption(option="target_modules", expected="one of " + ", ".join(TARGETS) + ", or module names", found=repr(targets))
            return
        if not isinstance(targets, list | tuple) or not targets or not all(isinstance(name, str) and name for name in targets):
            raise BadOption(option="target_modules", expected="names of modules", found=repr(targets))
        object.__setattr__(self, "target_modules", tuple(targets))

    @classmethod
    def of(cls, preset: str = "balanced", **overrides: Any) -> TuneConfig:
        """A preset with some knobs turned; an override of None keeps the preset's value, or the one that the base model wants.

        `lora_alpha` follows twice `lora_r` unless it is given.

        Raises:
            BadOption: there is no such preset or knob, or a value cannot be.
        """
        if preset not in PRESETS:
            raise BadOption(option="preset", expected="one of " + ", ".join(PRESETS), found=repr(preset))
        known = {field.name for field in fields(cls)}
        for name in overrides:
            if name not in known:
                raise BadOption(
                    option=name, expected="one of the training options (" + ", ".join(sorted(known)) + ")", found="an unknown name"
                )
        values = asdict(PRESETS[preset])
        values["preset"] = values.pop("name")
        del values["min_steps"], values["min_visits"]
        values["epochs"] = 0
        values.update(RECIPES.get(overrides.get("model_id") or "", {}))
        values.update({name: value for name, value in overrides.items() if value is not None})
        if values.get("lora_alpha") is None and isinstance(values["lora_r"], int | float):
            values["lora_alpha"] = 2.0 * values["lora_r"]
        return cls(**values)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TuneConfig:
        """The plan that `to_dict` wrote. Names missing from `data` take their preset's value."""
        rest = dict(data)
        return cls.of(rest.pop("preset", "balanced"), **rest)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        data = asdict(self)
        if isinstance(self.target_modules, tuple):
            data["target_modules"] = list(self.target_modules)
        return data

    def epochs_for(self, rows: int, classes: int = 2) -> int:
        """Passes over a training part of `rows` rows and `classes` classes."""
        if self.epochs:
            return self.epochs
        preset = PRESETS[self.preset]
        steps = max(1, -(-rows // self.batch_size))
        wanted = max(-(-preset.min_steps // steps), -(-preset.min_visits * classes // max(1, rows)))
        return min(MOST_EPOCHS, max(preset.epochs, wanted))

    def eval_share(self, rows: int) -> float:
        """Share of `rows` rows to validate on: `eval_fraction`, but no more rows than tell one checkpoint from another."""
        return min(self.eval_fraction, MOST_EVAL_ROWS / max(1, rows))

    def but(self, **changes: Any) -> TuneConfig:
        """The same plan with some values changed."""
        return replace(self, **changes)


# option: (lowest, highest, must be whole)
_BOUNDS: dict[str, tuple[float, float, bool]] = {
    "epochs": (0, 100, True),
    "batch_size": (1, 512, True),
    "max_length": (8, 8192, True),
    "learning_rate": (1e-7, 0.1, False),
    "lora_r": (1, 256, True),
    "lora_alpha": (0.01, 1024, False),
    "lora_dropout": (0, 0.9, False),
    "warmup_ratio": (0, 0.5, False),
    "weight_decay": (0, 1, False),
    "label_smoothing": (0, 0.5, False),
    "token_dropout": (0, 0.5, False),
    "max_grad_norm": (0.001, 1000, False),
    "seed": (0, 2**31 - 1, True),
    "early_stopping_patience": (0, 1000, True),
    "evals_per_epoch": (1, 20, True),
    "eval_fraction": (0.01, 0.5, False),
    "test_fraction": (0, 0.8, False),
}


def _check_number(name: str, value: Any, low: float, high: float, whole: bool) -> None:
    is_number = isinstance(value, int) if whole else isinstance(value, int | float)
    if isinstance(value, bool) or not is_number or not math.isfinite(value) or not low <= value <= high:
        kind = "a whole number" if whole else "a number"
        raise BadOption(option=name, expected=f"{kind} from {low:g} to {high:g}", found=repr(value))
