"""Judges answers: from logits and true classes to a RunMetrics with intervals and calibration. Pure numpy; knows no model.

Sources: Wilson (1927) for the interval of a share; the percentile bootstrap over rows for macro-F1; expected calibration
error over 10 equal-width bins, Guo et al. 2017 (arXiv 1706.04599).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ptm_demo.results import Calibration, CalibrationBin, ClassMetrics, HeldOutRow, Interval, RunMetrics

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]

Z95 = 1.959963984540054
BOOTSTRAP_ROUNDS = 1000
CALIBRATION_BINS = 10


def softmax(logits: Floats) -> Floats:
    """Probabilities of logits, row by row, in float64. Shape in and out [n, classes]."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    exponents = np.exp(shifted)
    return exponents / exponents.sum(axis=1, keepdims=True)


def wilson(right: int, n: int, z: float = Z95) -> Interval:
    """Wilson's 95 % interval of a share; (0, 1) when there are no rows."""
    if n == 0:
        return Interval(0.0, 1.0, "wilson")
    share = right / n
    scale = 1 + z * z / n
    middle = (share + z * z / (2 * n)) / scale
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / scale
    return Interval(max(0.0, middle - half), min(1.0, middle + half), "wilson")


def confusion_matrix(truth: Ints, predicted: Ints, classes: int) -> Ints:
    """Counts [classes, classes]: rows are true classes, columns predicted ones."""
    return np.bincount(truth * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def f1_by_class(confusion: Ints) -> Floats:
    """F1 of each class; 0 where a class was neither met nor predicted. Also takes a stack [rounds, classes, classes]."""
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    both = confusion.sum(axis=-1) + confusion.sum(axis=-2)
    return np.divide(2 * right, both, out=np.zeros(right.shape, dtype=np.float64), where=both > 0)


def macro_f1(confusion: Ints) -> float:
    """Mean F1 over the classes that occur in truth or prediction (scikit-learn's macro average)."""
    return float(_macro(confusion[None])[0])


def _macro(stack: Ints) -> Floats:
    occurs = (stack.sum(axis=-1) + stack.sum(axis=-2)) > 0
    return f1_by_class(stack).sum(axis=-1) / np.maximum(1, occurs.sum(axis=-1))


def bootstrap_macro_f1(truth: Ints, predicted: Ints, classes: int, *, rounds: int = BOOTSTRAP_ROUNDS, seed: int = 0) -> Interval:
    """95 % percentile interval of macro-F1, rows drawn with replacement.

    Drawing rows equals drawing confusion matrices from a multinomial over their cells, which costs no time in n.
    """
    n = len(truth)
    if n == 0:
        return Interval(0.0, 1.0, "bootstrap")
    cells = confusion_matrix(truth, predicted, classes).reshape(-1)
    used = np.flatnonzero(cells)
    draws = np.random.default_rng(seed).multinomial(n, cells[used] / n, size=rounds)
    scores = np.empty(rounds)
    chunk = max(1, 2_000_000 // (classes * classes))
    for start in range(0, rounds, chunk):
        part = draws[start : start + chunk]
        stack = np.zeros((len(part), classes * classes), dtype=np.int64)
        stack[:, used] = part
        scores[start : start + chunk] = _macro(stack.reshape(-1, classes, classes))
    low, high = np.percentile(scores, [2.5, 97.5])
    return Interval(float(low), float(high), "bootstrap")


def calibration(probabilities: Floats, truth: Ints, bins: int = CALIBRATION_BINS) -> Calibration:
    """How far confidence is from accuracy; a confidence of exactly 1 belongs to the last bin."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    found = []
    ece = 0.0
    for index in range(bins):
        here = place == index
        count = int(here.sum())
        mean_confidence = float(confidence[here].mean()) if count else 0.0
        accuracy = float(right[here].mean()) if count else 0.0
        ece += count * abs(mean_confidence - accuracy)
        found.append(CalibrationBin(index / bins, (index + 1) / bins, mean_confidence, accuracy, count))
    return Calibration(ece / max(1, len(truth)), tuple(found))


def evaluate(logits: Floats, truth: Ints, labels: Sequence[str], *, seed: int = 0) -> RunMetrics:
    """Judge a classifier's logits [n, classes] against true class indices [n]; `labels` names the classes in order."""
    classes = len(labels)
    truth = np.asarray(truth, dtype=np.int64)
    probabilities = softmax(np.asarray(logits)) if len(truth) else np.zeros((0, classes))
    predicted = probabilities.argmax(axis=1)
    confusion = confusion_matrix(truth, predicted, classes)
    right = np.diagonal(confusion)
    actual, claimed = confusion.sum(axis=1), confusion.sum(axis=0)
    f1 = f1_by_class(confusion)
    per_class = tuple(
        ClassMetrics(label, float(right[i] / max(1, claimed[i])), float(right[i] / max(1, actual[i])), float(f1[i]), int(actual[i]))
        for i, label in enumerate(labels)
    )
    n = len(truth)
    chosen = probabilities[np.arange(n), truth]
    return RunMetrics(
        n=n,
        labels=tuple(labels),
        accuracy=float(right.sum() / max(1, n)),
        accuracy_interval=wilson(int(right.sum()), n),
        macro_f1=macro_f1(confusion),
        macro_f1_interval=bootstrap_macro_f1(truth, predicted, classes, seed=seed),
        per_class=per_class,
        confusion=tuple(tuple(int(cell) for cell in row) for row in confusion),
        calibration=calibration(probabilities, truth),
        loss=float(-np.log(np.maximum(chosen, 1e-12)).mean()) if n else 0.0,
    )


def held_out_rows(logits: Floats, truth: Ints, labels: Sequence[str], texts: Sequence[str], rows: Sequence[int]) -> tuple[HeldOutRow, ...]:
    """What the model said of every held-out row, in the order given."""
    probabilities = softmax(np.asarray(logits)) if len(truth) else np.zeros((0, len(labels)))
    best = probabilities.argmax(axis=1)
    return tuple(
        HeldOutRow(
            row=int(rows[i]),
            text=texts[i],
            label=labels[int(truth[i])],
            predicted=labels[int(best[i])],
            confidence=float(probabilities[i, best[i]]),
            label_probability=float(probabilities[i, truth[i]]),
        )
        for i in range(len(truth))
    )


def confident_mistakes(rows: Sequence[HeldOutRow], top: int = 20) -> tuple[HeldOutRow, ...]:
    """The wrong answers that the model was surest of, surest first."""
    wrong = [row for row in rows if row.predicted != row.label]
    return tuple(sorted(wrong, key=lambda row: (-row.confidence, row.row))[:top])
