"""Says beforehand how long a plan will take and how much memory, from steps really timed on this machine and these rows.

Times a few training steps and a few reading batches of different lengths, draws a line through each (seconds = a + b ×
tokens), and adds up the very batches that the plan will run. Knows nothing of jobs.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from ptm_demo.data import LabelledTexts, Split
from ptm_demo.hubs.base import PulledModel
from ptm_demo.models.loaded import LoadedModel, model_bytes
from ptm_demo.progress import CancelToken, Progress, ProgressFn, ignore
from ptm_demo.results import Estimate
from ptm_demo.tasks.batches import collate, encode, reading_order
from ptm_demo.tasks.classify import BATCH_ROWS, BATCH_TOKENS
from ptm_demo.tuning.config import TuneConfig
from ptm_demo.tuning.loop import labels_of
from ptm_demo.tuning.memory import peak_bytes, resident_bytes
from ptm_demo.tuning.network import build, trained_parameters
from ptm_demo.tuning.order import training_order
from ptm_demo.tuning.run import FROZEN_LENGTH, RELOAD_ROWS
from ptm_demo.tuning.suspects import FOLDS

TIMED_STEPS = 5
TIMED_READS = 3
MOST_SECONDS = 8.0  # of timing; slow models are judged by fewer steps
SAMPLE_ROWS = 4000  # texts that are tokenized to learn the lengths
LOW, HIGH = 0.75, 1.5  # how far a quiet or a busy machine has been seen from the timed speed
# A logistic regression does about 60 rounds of two products; measured at 5 GFLOP/s and 30 % over that for everything else.
_LINEAR_SECONDS = 60 * 4 / 5e9 * 1.3
_TFIDF_SECONDS_PER_CHARACTER = 4e-6


@dataclass(frozen=True, slots=True)
class Line:
    """seconds = fixed + per_token × padded tokens; never negative."""

    fixed: float
    per_token: float

    def of(self, batches: Sequence[Sequence[int]], lengths: Sequence[int]) -> float:
        """Seconds of all batches; a batch's padded tokens are its rows × its longest row."""
        tokens = sum(len(batch) * max(lengths[row] for row in batch) for batch in batches)
        return self.fixed * len(batches) + self.per_token * tokens


def fit_line(tokens: Sequence[int], seconds: Sequence[float]) -> Line:
    """Least squares with neither part below zero; through the origin when all batches are equally large."""
    x, y = np.asarray(tokens, dtype=float), np.asarray(seconds, dtype=float)
    if len(x) > 1 and np.ptp(x) > 0:
        slope, fixed = np.polyfit(x, y, 1)
        if slope > 0 and fixed >= 0:
            return Line(float(fixed), float(slope))
    return Line(0.0, float(y.sum() / max(1.0, x.sum())))


def estimate(
    split: Split,
    config: TuneConfig,
    pulled: PulledModel,
    *,
    threads: int = 0,
    progress: ProgressFn = ignore,
    cancel: CancelToken | None = None,
) -> Estimate:
    """Time some steps of this plan and extrapolate the whole job: training, validation, baselines, saving and proving.

    Raises:
        Cancelled, BadOption, ModelError.
    """
    if threads:
        torch.set_num_threads(threads)
    cancel = cancel or CancelToken()
    progress(Progress("load"))
    began = time.perf_counter()
    labels = labels_of(split)
    with torch.random.fork_rng(devices=[]):
        loaded = build(pulled, labels, config)
    load_seconds = time.perf_counter() - began
    length = min(config.max_length, loaded.max_length)

    train_lengths = _lengths(loaded, split.train, length)
    epochs = config.epochs_for(len(train_lengths), len(labels))
    plans = [training_order(train_lengths, config.batch_size, config.seed, epoch) for epoch in range(epochs)]
    steps = _Timer(loaded, len(labels), cancel)
    train_line, timed, grown = steps.training(plans[0], train_lengths, progress)
    read_line = steps.reading(train_lengths)

    def reading(lengths: Sequence[int]) -> float:
        return read_line.of(reading_order(lengths, BATCH_ROWS, BATCH_TOKENS), lengths)

    eval_lengths, test_lengths = _lengths(loaded, split.eval, length), _lengths(loaded, split.test, length)
    training = sum(train_line.of(plan, train_lengths) for plan in plans)
    validating = reading(eval_lengths) * epochs * config.evals_per_epoch
    everything = [*train_lengths, *eval_lengths, *test_lengths]
    frozen = reading([min(n, FROZEN_LENGTH) for n in everything])
    judging = reading(test_lengths) + reading(test_lengths[:RELOAD_ROWS])
    linear = _linear_seconds(len(everything), loaded.model.config.hidden_size, len(labels))
    texts = (split.train.texts, split.eval.texts, split.test.texts)
    tfidf = _TFIDF_SECONDS_PER_CHARACTER * sum(len(text) for part in texts for text in part) * max(2, len(labels)) ** 0.5
    rest = frozen + judging + linear + tfidf + 3 * load_seconds
    # Early stopping can end the training once it has gone on for `patience` evaluations without a gain.
    patience, evaluations = config.early_stopping_patience, epochs * config.evals_per_epoch
    least = (patience + 1) / evaluations if 0 < patience < evaluations - 1 else 1.0
    resident, weights = resident_bytes(), model_bytes(loaded.model)
    # While training: what is resident now, plus activations. While proving: a second model and its merged copy.
    peak = max(peak_bytes(), resident + grown, resident + 2 * weights)
    return Estimate(
        seconds_low=LOW * (least * (training + validating) + rest),
        seconds_high=HIGH * (training + validating + rest) + 2.0,
        bytes_low=int(resident),
        bytes_high=int(1.25 * peak) + 4 * 4 * len(everything) * int(loaded.model.config.hidden_size),
        steps=sum(len(plan) for plan in plans),
        timed_steps=timed,
        rows_per_second=epochs * len(train_lengths) / training if training else 0.0,
    )


class _Timer:
    def __init__(self, loaded: LoadedModel, classes: int, cancel: CancelToken) -> None:
        self.loaded, self.classes, self.cancel = loaded, classes, cancel
        self.pad_id = int(loaded.tokenizer.pad_token_id)
        self.words = int(loaded.model.config.vocab_size)

    def training(self, plan: list[list[int]], lengths: Sequence[int], progress: ProgressFn) -> tuple[Line, int, int]:
        """Time steps on batches from the shortest to the longest; (line, timed steps, bytes that they needed beyond the model)."""
        parameters = list(trained_parameters(self.loaded.model).values())
        optimizer = torch.optim.AdamW(parameters, lr=0.0, fused=True)  # a rate of 0: the time without a change
        before, tokens, seconds = resident_bytes(), [], []
        began = time.perf_counter()
        chosen = _spread(sorted(plan, key=lambda batch: max(lengths[row] for row in batch)), TIMED_STEPS)
        for number, batch in enumerate([chosen[0], *chosen]):  # the first one warms up and is not counted
            self.cancel.check()
            progress(Progress("estimate", number, len(chosen) + 1, "steps"))
            step_began = time.perf_counter()
            ids = self._batch(batch, lengths)
            logits = self.loaded.model(input_ids=ids.input_ids, attention_mask=ids.attention_mask).logits
            loss = functional.cross_entropy(logits, torch.zeros(len(batch), dtype=torch.long))
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0, foreach=True)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            if number:
                seconds.append(time.perf_counter() - step_began)
                tokens.append(len(batch) * max(lengths[row] for row in batch))
            if seconds and time.perf_counter() - began > MOST_SECONDS:
                break
        return fit_line(tokens, seconds), len(seconds), max(0, resident_bytes() - before)

    def reading(self, lengths: Sequence[int]) -> Line:
        tokens, seconds = [], []
        began = time.perf_counter()
        with torch.inference_mode():
            for batch in _spread(reading_order(lengths, BATCH_ROWS, BATCH_TOKENS)[::-1], TIMED_READS):
                self.cancel.check()
                read_began = time.perf_counter()
                ids = self._batch(batch, lengths)
                self.loaded.model(input_ids=ids.input_ids, attention_mask=ids.attention_mask)
                seconds.append(time.perf_counter() - read_began)
                tokens.append(len(batch) * max(lengths[row] for row in batch))
                if time.perf_counter() - began > MOST_SECONDS / 2:
                    break
        return fit_line(tokens, seconds)

    def _batch(self, batch: Sequence[int], lengths: Sequence[int]):  # type: ignore[no-untyped-def]
        random = np.random.default_rng(0)
        ids = [random.integers(0, self.words, size=max(1, lengths[row])).tolist() for row in batch]
        return collate(ids, range(len(ids)), self.pad_id)


def _spread(items: list[list[int]], count: int) -> list[list[int]]:
    """At most `count` of the items, from the middles of equal parts."""
    if len(items) <= count:
        return items
    return [items[int((i + 0.5) * len(items) / count)] for i in range(count)]


def _lengths(loaded: LoadedModel, part: LabelledTexts, max_length: int) -> list[int]:
    """Tokens of every text; beyond a sample, drawn from the sample's lengths."""
    texts = part.texts
    if len(texts) <= SAMPLE_ROWS:
        return [len(ids) for ids in encode(loaded.tokenizer, texts, max_length, loaded.text_prefix)]
    step = len(texts) / SAMPLE_ROWS
    sample = [texts[int(i * step)] for i in range(SAMPLE_ROWS)]
    known = [len(ids) for ids in encode(loaded.tokenizer, sample, max_length, loaded.text_prefix)]
    return [known[int(i / step)] if int(i / step) < SAMPLE_ROWS else known[-1] for i in range(len(texts))]


def _linear_seconds(rows: int, features: int, classes: int) -> float:
    """The frozen baseline's fits, and one of every fold for the suspected labels."""
    fits = 3 + FOLDS  # with the choices of the penalty
    return _LINEAR_SECONDS * fits * rows * features * classes
