"""Classifies texts with a tuned run: adapters merged into the weights, batches sorted by length, answers in the order asked.

Knows nothing of training or of where runs are kept: it is given a run's folder and the base model's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ptm_demo.errors import RunBroken, WrongKindOfModel
from ptm_demo.hubs.base import PulledModel
from ptm_demo.models.folder import safe_config
from ptm_demo.models.load import load_classifier
from ptm_demo.models.loaded import LoadedModel
from ptm_demo.models.lora import load_adapter, merged
from ptm_demo.models.text_classifier import load_text_classifier
from ptm_demo.progress import CancelToken, Progress, ProgressFn, ignore
from ptm_demo.results import Prediction
from ptm_demo.tasks.batches import collate, encode, reading_order

BATCH_ROWS = 32
BATCH_TOKENS = 4096
HUB_MAX_LENGTH = 512  # tokens of a text that a Hub classifier reads; more would let one text take minutes


@dataclass(frozen=True, slots=True)
class TextClassifierModel:
    """A tuned classifier in memory. `max_length` is how many tokens of a text are read."""

    loaded: LoadedModel
    max_length: int

    @property
    def labels(self) -> tuple[str, ...]:
        """Class names in the order of the logits."""
        return self.loaded.labels


def predict_logits(
    model: nn.Module,
    token_ids: Sequence[Sequence[int]],
    pad_id: int,
    *,
    progress: ProgressFn = ignore,
    cancel: CancelToken | None = None,
    stage: str = "classify",
) -> np.ndarray:
    """Logits float32 [n, classes], in the order of `token_ids`. The model's own mode (dropout off) is left as it is."""
    if not token_ids:
        return np.zeros((0, 0), dtype=np.float32)
    found: np.ndarray | None = None
    done = 0
    with torch.inference_mode():
        for index in reading_order([len(ids) for ids in token_ids], BATCH_ROWS, BATCH_TOKENS):
            if cancel is not None:
                cancel.check()
            batch = collate(token_ids, index, pad_id)
            logits = model(input_ids=batch.input_ids, attention_mask=batch.attention_mask).logits.float().numpy()
            if found is None:
                found = np.empty((len(token_ids), logits.shape[1]), dtype=np.float32)
            found[index] = logits
            done += len(index)
            progress(Progress(stage, done, len(token_ids), "rows"))
    assert found is not None  # noqa: S101 - there was at least one batch
    return found


def load_run(folder: Path, pulled: PulledModel, *, merge: bool = True) -> TextClassifierModel:
    """The run in `folder` on the freshly loaded base `pulled`.

    Args:
        merge: fold the adapters into the weights: faster, and equal within rounding.

    Raises:
        RunBroken: a file of the run is missing.
        ModelError: the base cannot be loaded, or the adapter does not fit it.
    """
    labels = read_labels(folder)
    length = _read(folder, "config.json").get("max_length")
    if not isinstance(length, int) or length < 1:
        raise RunBroken(run=folder.name, reason="config.json names no max_length")
    base = load_text_classifier(pulled, labels)
    model = load_adapter(base, folder / "adapter")
    if merge:
        model = merged(model, keep=False)
    model.eval().requires_grad_(False)
    return TextClassifierModel(replace(base, model=model), min(length, base.max_length))


def load_hub_classifier(pulled: PulledModel) -> TextClassifierModel:
    """A model that was published as a text classifier, with the labels and the head it came with.

    Raises:
        WrongKindOfModel: it has no trained head, or scores instead of classes.
        ModelError: the folder may not or cannot be loaded.
    """
    config = safe_config(pulled.path, pulled.model_id)
    names = getattr(config, "id2label", None) or {}
    labels = tuple(str(names[number]) for number in sorted(names, key=int))
    kind = config.model_type
    if len(labels) < 2 or getattr(config, "problem_type", None) in ("regression", "multi_label_classification"):
        raise WrongKindOfModel(model_id=pulled.model_id, task="classify texts", found=kind)
    loaded = load_classifier(pulled, labels)
    if loaded.fresh:
        raise WrongKindOfModel(model_id=pulled.model_id, task="classify texts", found=kind)
    return TextClassifierModel(loaded, min(loaded.max_length, HUB_MAX_LENGTH))


def read_labels(folder: Path) -> tuple[str, ...]:
    """The class names of a run, in the order of its logits."""
    return tuple(str(label) for label in _read(folder, "labels.json"))


def classify_logits(
    classifier: TextClassifierModel, texts: Sequence[str], *, progress: ProgressFn = ignore, cancel: CancelToken | None = None
) -> np.ndarray:
    """Logits float32 [n, classes] in the order of `texts`."""
    if not texts:
        return np.zeros((0, len(classifier.labels)), dtype=np.float32)
    loaded = classifier.loaded
    token_ids = encode(loaded.tokenizer, texts, classifier.max_length, loaded.text_prefix)
    return predict_logits(loaded.model, token_ids, loaded.tokenizer.pad_token_id, progress=progress, cancel=cancel)


def classify(
    classifier: TextClassifierModel, texts: Sequence[str], *, progress: ProgressFn = ignore, cancel: CancelToken | None = None
) -> list[Prediction]:
    """One answer a text, in the order of `texts`; reports progress in rows."""
    logits = classify_logits(classifier, texts, progress=progress, cancel=cancel).astype(np.float64)
    if not len(logits):
        return []
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = exponents / exponents.sum(axis=1, keepdims=True)
    found = []
    for row in probabilities:
        probs = {label: float(value) for label, value in zip(classifier.labels, row, strict=True)}
        best = int(row.argmax())
        found.append(Prediction(classifier.labels[best], float(row[best]), probs))
    return found


def _read(folder: Path, name: str) -> Any:
    try:
        return json.loads((folder / name).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise RunBroken(run=folder.name, reason=f"{name} is missing or cannot be read") from error
