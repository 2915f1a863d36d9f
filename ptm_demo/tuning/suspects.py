"""Finds rows that are probably labelled wrongly: confident learning on out-of-sample probabilities. Knows no model.

Northcutt, Jiang & Chuang 2021 (arXiv 1911.00068): a row is suspect when another class's probability reaches that class's
own mean self-confidence and beats the given label's. Every row is judged by a model that did not see it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.model_selection import StratifiedKFold

from ptm_demo.progress import CancelToken, Progress, ProgressFn, ignore
from ptm_demo.results import SuspectLabel
from ptm_demo.tuning.linear import choose_c, fit_linear, probabilities

FOLDS = 5
TOP = 100


def out_of_sample(
    vectors: np.ndarray, truth: np.ndarray, classes: int, *, seed: int = 0, progress: ProgressFn = ignore, cancel: CancelToken | None = None
) -> np.ndarray:
    """Probabilities [n, classes] of every row from a logistic regression on the other folds.

    A class of one row is never seen by the model that judges that row, so its own probability is 0 there.
    """
    found = np.zeros((len(truth), classes))
    folds = StratifiedKFold(n_splits=FOLDS, shuffle=True, random_state=seed)
    smallest_first = np.bincount(truth, minlength=classes)
    if smallest_first.max() < FOLDS:
        return found
    c = choose_c(vectors, truth)
    for number, (rest, fold) in enumerate(folds.split(vectors, truth)):
        if cancel is not None:
            cancel.check()
        progress(Progress("suspects", number, FOLDS))
        if len(np.unique(truth[rest])) < 2:
            found[fold, truth[rest][0]] = 1.0
            continue
        found[fold] = probabilities(fit_linear(vectors[rest], truth[rest], c=c), vectors[fold], classes)
    return found


def suspect_labels(
    probs: np.ndarray, truth: np.ndarray, labels: Sequence[str], texts: Sequence[str], rows: Sequence[int], top: int = TOP
) -> tuple[SuspectLabel, ...]:
    """The rows whose label is most doubtful, worst first.

    Args:
        probs: out-of-sample probabilities [n, classes].
        rows: row numbers in the file.
    """
    n, classes = probs.shape
    if not n:
        return ()
    given = probs[np.arange(n), truth]
    counts = np.bincount(truth, minlength=classes)
    # A class too small to be learned would doubt all of its rows.
    threshold = np.bincount(truth, weights=given, minlength=classes) / np.maximum(1, counts)
    others = probs.copy()
    others[np.arange(n), truth] = -1.0
    best = others.argmax(axis=1)
    best_probability = others[np.arange(n), best]
    doubtful = (best_probability >= threshold[best]) & (best_probability > given) & (counts[truth] >= FOLDS) & (counts[best] >= FOLDS)
    order = sorted(np.flatnonzero(doubtful).tolist(), key=lambda i: (given[i] - best_probability[i], rows[i]))
    return tuple(
        SuspectLabel(int(rows[i]), texts[i], labels[truth[i]], labels[best[i]], float(given[i]), float(best_probability[i]))
        for i in order[:top]
    )
