"""The training loop: LoRA on one plan and one split, with curves, early stopping, stop and resume.

Deterministic: the plan, the data, the model and the number of threads decide the result, and a run that was stopped and
resumed ends exactly where an uninterrupted one does. Knows nothing of jobs, of what is kept, or of judging on test rows.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ptm_demo.data import LabelledTexts, Split
from ptm_demo.errors import LossNotFinite
from ptm_demo.hubs.base import PulledModel
from ptm_demo.models import LoadedModel
from ptm_demo.progress import Cancelled, CancelToken, Progress, ProgressFn, ignore
from ptm_demo.results import CurvePoint
from ptm_demo.tasks.batches import collate, encode
from ptm_demo.tasks.classify import predict_logits
from ptm_demo.tuning import checkpoint
from ptm_demo.tuning.config import TuneConfig
from ptm_demo.tuning.head import start_head
from ptm_demo.tuning.metrics import confusion_matrix, macro_f1
from ptm_demo.tuning.network import build, set_adapter_dropout, trained_parameters
from ptm_demo.tuning.order import learning_rate_at, steps_per_epoch, training_order

CHECKPOINT_SECONDS = 30.0
# What is judged and kept is a running average of the weights (Polyak & Juditsky 1992): steadier than any single step's.
AVERAGE_KEEP = 0.99
CURVE_POINTS = 400  # at most about so many training points are kept


@dataclass(frozen=True, slots=True)
class Tuned:
    """A trained model, at its best validation point.

    Attributes:
        loaded: the model with its adapters (a PEFT model), tokenizer and origin.
        labels: class names in the order of the logits.
        history: the curves, in order of steps.
        best_step: optimizer steps done when the kept weights were reached. best_macro_f1: what they gave on the validation part.
        steps: steps done. planned_steps: steps of the plan (more than `steps` when it stopped early).
        seconds: spent training and validating, over all attempts. rows_per_second: training rows over training time alone.
        ended: when it ended, on the clock of `time.monotonic`.
    """

    loaded: LoadedModel
    labels: tuple[str, ...]
    history: tuple[CurvePoint, ...]
    best_step: int
    best_macro_f1: float
    steps: int
    planned_steps: int
    seconds: float
    rows_per_second: float
    stopped_early: bool
    ended: float


@dataclass(slots=True)
class _State:
    """What changes while training, beside weights and optimizer."""

    step: int = 0
    best_step: int = 0
    best_score: tuple[float, float] = (-1.0, -math.inf)
    without_gain: int = 0
    seconds: float = 0.0
    train_seconds: float = 0.0
    loss_sum: float = 0.0
    loss_count: int = 0
    stopped_early: bool = False
    history: list[dict[str, Any]] = field(default_factory=list)


def train(
    split: Split,
    config: TuneConfig,
    pulled: PulledModel,
    *,
    folder: Path | None,
    threads: int = 0,
    progress: ProgressFn = ignore,
    cancel: CancelToken | None = None,
    resume: bool = False,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> Tuned:
    """Train on `split.train`, choose by macro-F1 on `split.eval`; `split.test` is not looked at.

    Args:
        folder: where the checkpoint lies (None: keep none; such a run cannot be resumed).
        threads: CPU threads to compute with; 0 leaves torch's own number.
        resume: go on from the checkpoint in `folder` if it is this very run's.
        checkpoint_seconds: time between checkpoints; one is also written after every validation and on a stop.

    Raises:
        Cancelled: somebody asked for a stop; the checkpoint holds everything up to the last whole step.
        LossNotFinite: the loss became infinite or not a number.
        BadOption, ModelError: the plan does not fit the model.
    """
    if threads:
        torch.set_num_threads(threads)
    progress(Progress("load"))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        trainer = _Trainer(split, config, pulled, folder, progress, cancel, checkpoint_seconds)
        if resume:
            trainer.restore()
        return trainer.run()


def class_indices(labelled: LabelledTexts, labels: Sequence[str]) -> np.ndarray:
    """Class index of every row, int64 [n]."""
    place = {label: index for index, label in enumerate(labels)}
    return np.array([place[label] for label in labelled.labels], dtype=np.int64)


def labels_of(split: Split) -> tuple[str, ...]:
    """The class names, sorted; class indices follow this order."""
    return tuple(sorted(set(split.train.labels)))


def balanced_weights(truth: np.ndarray, classes: int) -> torch.Tensor:
    """Weight of every class: rows / (classes × rows of the class), as scikit-learn's "balanced"."""
    counts = np.bincount(truth, minlength=classes)
    return torch.from_numpy(len(truth) / (classes * np.maximum(1, counts))).to(torch.float32)


def hide_tokens(input_ids: torch.Tensor, share: float, mask_id: int | None, special_ids: torch.Tensor) -> torch.Tensor:
    """Token ids with about `share` of the ordinary ones replaced by `mask_id` (None: a tokenizer without one, nothing is hidden)."""
    if not share or mask_id is None:
        return input_ids
    hidden = (torch.rand(input_ids.shape) < share) & ~torch.isin(input_ids, special_ids)
    return input_ids.masked_fill(hidden, mask_id)


class _Trainer:
    def __init__(
        self,
        split: Split,
        config: TuneConfig,
        pulled: PulledModel,
        folder: Path | None,
        progress: ProgressFn,
        cancel: CancelToken | None,
        checkpoint_seconds: float,
    ) -> None:
        self.config, self.folder, self.progress, self.cancel = config, folder, progress, cancel or CancelToken()
        self.checkpoint_seconds = checkpoint_seconds
        self.started = time.monotonic()
        self.seconds_before = 0.0
        self.labels = labels_of(split)
        self.loaded = build(pulled, self.labels, config)
        self.max_length = min(config.max_length, self.loaded.max_length)
        self.pad_id = int(self.loaded.tokenizer.pad_token_id)
        tokenizer = self.loaded.tokenizer
        self.mask_id = tokenizer.mask_token_id if tokenizer.mask_token_id is not None else tokenizer.unk_token_id
        self.special_ids = torch.tensor(sorted(tokenizer.all_special_ids))
        self.parameters = trained_parameters(self.loaded.model)
        self.token_ids = self._encode(split.train)
        self.truth = class_indices(split.train, self.labels)
        start_head(self.loaded.model, self.token_ids, self.truth, len(self.labels), self.pad_id)
        self.eval_ids = self._encode(split.eval)
        self.eval_truth = class_indices(split.eval, self.labels)
        self.lengths = [len(ids) for ids in self.token_ids]
        self.weights = balanced_weights(self.truth, len(self.labels)) if config.class_weights else None
        self.optimizer = torch.optim.AdamW(
            self.parameters.values(), lr=config.learning_rate, betas=(0.9, 0.98), weight_decay=config.weight_decay, fused=True
        )
        self.per_epoch = steps_per_epoch(len(self.token_ids), config.batch_size)
        self.steps = self.per_epoch * config.epochs_for(len(self.token_ids), len(self.labels))
        self.curve_every = max(1, self.steps // CURVE_POINTS)
        marks = np.linspace(0, self.per_epoch, config.evals_per_epoch + 1)[1:]
        self.eval_marks = {max(1, round(mark)) for mark in marks}
        self.state = _State()
        self.best: dict[str, torch.Tensor] = {}
        self.average = {name: tensor.detach().clone() for name, tensor in self.parameters.items()}
        parts = (split.train.texts, split.train.labels, split.eval.texts, split.eval.labels)
        self.fingerprint = checkpoint.fingerprint(config.to_dict(), pulled.revision, parts)
        self.saved_at = time.monotonic()

    # --- the loop -------------------------------------------------------------------------------------------

    def run(self) -> Tuned:
        state, config = self.state, self.config
        model = self.loaded.model
        set_adapter_dropout(model, True)
        while state.step < self.steps and not state.stopped_early:
            epoch, done = divmod(state.step, self.per_epoch)
            batches = training_order(self.lengths, config.batch_size, config.seed, epoch)
            for index in batches[done:]:
                if self.cancel.cancelled:
                    self.save()
                    raise Cancelled
                self._step(model, index)
                if self.eval_ids and state.step - epoch * self.per_epoch in self.eval_marks:
                    self._validate()
                    self.save()
                    if state.stopped_early:
                        break
                elif time.monotonic() - self.saved_at > self.checkpoint_seconds:
                    self.save()
        self._set_parameters(self.best or self.average)
        set_adapter_dropout(model, False)
        return Tuned(
            loaded=self.loaded,
            labels=self.labels,
            history=tuple(CurvePoint(**point) for point in state.history),
            best_step=state.best_step or state.step,  # without validation rows the last weights are kept
            best_macro_f1=state.best_score[0],
            steps=state.step,
            planned_steps=self.steps,
            seconds=self._seconds(),
            rows_per_second=self._rows_per_second(),
            stopped_early=state.stopped_early,
            ended=time.monotonic(),
        )

    def _step(self, model: nn.Module, index: list[int]) -> None:
        state, config = self.state, self.config
        began = time.perf_counter()
        rate = learning_rate_at(state.step, self.steps, config.learning_rate, config.warmup_ratio)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        batch = collate(self.token_ids, index, self.pad_id)
        input_ids = hide_tokens(batch.input_ids, config.token_dropout, self.mask_id, self.special_ids)
        logits = model(input_ids=input_ids, attention_mask=batch.attention_mask).logits
        truth = torch.from_numpy(self.truth[list(batch.index)])
        loss = functional.cross_entropy(logits, truth, weight=self.weights, label_smoothing=config.label_smoothing)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise LossNotFinite(found=value, step=state.step + 1)
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters.values(), config.max_grad_norm, foreach=True)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        state.step += 1
        self._take_into_average()
        state.train_seconds += time.perf_counter() - began
        self._note(value, rate)

    def _note(self, loss: float, rate: float) -> None:
        state = self.state
        state.loss_sum += loss
        state.loss_count += 1
        epoch = state.step / self.per_epoch
        if state.step % self.curve_every == 0 or state.step == self.steps:
            mean = state.loss_sum / state.loss_count
            state.history.append({"step": state.step, "epoch": epoch, "loss": mean, "learning_rate": rate})
            state.loss_sum, state.loss_count = 0.0, 0
        detail = {
            "loss": loss,
            "learning_rate": rate,
            "epoch": epoch,
            "rows_per_second": self._rows_per_second(),
            "seconds_left": state.train_seconds / state.step * (self.steps - state.step),
        }
        self.progress(Progress("train", state.step, self.steps, "steps", detail))

    def _validate(self) -> None:
        state = self.state
        set_adapter_dropout(self.loaded.model, False)
        trained = {name: tensor.detach().clone() for name, tensor in self.parameters.items()}
        self._set_parameters(self.average)
        logits = predict_logits(self.loaded.model, self.eval_ids, self.pad_id)
        self._set_parameters(trained)
        set_adapter_dropout(self.loaded.model, True)
        predicted = logits.argmax(axis=1)
        loss = float(functional.cross_entropy(torch.from_numpy(logits), torch.from_numpy(self.eval_truth)))
        accuracy = float((predicted == self.eval_truth).mean())
        score = macro_f1(confusion_matrix(self.eval_truth, predicted, len(self.labels)))
        point = {"step": state.step, "epoch": state.step / self.per_epoch}
        point |= {"eval_loss": loss, "eval_accuracy": accuracy, "eval_macro_f1": score}
        state.history.append(point)
        self.progress(Progress("train", state.step, self.steps, "steps", point))
        if (score, -loss) > state.best_score:  # equal scores, as on few rows, are told apart by the loss
            state.best_score, state.best_step, state.without_gain = (score, -loss), state.step, 0
            self.best = {name: tensor.clone() for name, tensor in self.average.items()}
        else:
            state.without_gain += 1
            state.stopped_early = 0 < self.config.early_stopping_patience <= state.without_gain and state.step < self.steps

    # --- stop and resume ------------------------------------------------------------------------------------

    def save(self) -> None:
        """Write everything that the rest of the run depends on."""
        self.saved_at = time.monotonic()
        if self.folder is None:
            return
        state = {name: getattr(self.state, name) for name in _State.__slots__}
        state["seconds"] = self._seconds()
        checkpoint.save(
            self.folder,
            {
                "fingerprint": self.fingerprint,
                "state": state,
                "parameters": {name: tensor.detach() for name, tensor in self.parameters.items()},
                "best": self.best,
                "average": self.average,
                "optimizer": self.optimizer.state_dict(),
                "rng": torch.get_rng_state(),
            },
        )

    def restore(self) -> bool:
        """Go back to the checkpoint, if there is one of this run."""
        saved = checkpoint.load(self.folder, self.fingerprint) if self.folder is not None else None
        if saved is None:
            return False
        self._set_parameters(saved["parameters"])
        self.best, self.average = saved["best"], saved["average"]
        self.optimizer.load_state_dict(saved["optimizer"])
        torch.set_rng_state(saved["rng"])
        self.state = _State(**{**saved["state"], "best_score": tuple(saved["state"]["best_score"])})
        self.seconds_before = self.state.seconds
        return True

    def _set_parameters(self, values: dict[str, torch.Tensor]) -> None:
        with torch.no_grad():
            for name, tensor in values.items():
                self.parameters[name].copy_(tensor)

    def _take_into_average(self) -> None:
        """Move the running average of the weights a little towards them; at first in large steps, so that it starts anywhere."""
        keep = min(AVERAGE_KEEP, (1 + self.state.step) / (10 + self.state.step))
        now = [self.parameters[name].detach() for name in self.average]
        torch._foreach_lerp_(list(self.average.values()), now, 1 - keep)

    # --- small things ---------------------------------------------------------------------------------------

    def _encode(self, part: LabelledTexts) -> list[list[int]]:
        return encode(self.loaded.tokenizer, part.texts, self.max_length, self.loaded.text_prefix)

    def _seconds(self) -> float:
        return self.seconds_before + time.monotonic() - self.started

    def _rows_per_second(self) -> float:
        state = self.state
        epochs, rest = divmod(state.step, self.per_epoch)
        rows = epochs * len(self.token_ids) + min(rest * self.config.batch_size, len(self.token_ids))
        return rows / state.train_seconds if state.train_seconds else 0.0
