"""The cheap classifier that every tuned one must beat: multinomial logistic regression on fixed features. Knows no model."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

# Unit-length sentence vectors differ by little, so a weak penalty (a large C) fits them; the same for every data set.
EMBEDDING_C = 10.0
TFIDF_C = 10.0
_ITERATIONS = 300
_TOLERANCE = 1e-3


def fit_linear(features: Any, truth: np.ndarray, *, c: float) -> LogisticRegression:
    """A logistic regression on features [n, d] (dense or sparse) and class indices [n]; the same input gives the same model."""
    return LogisticRegression(C=c, max_iter=_ITERATIONS, tol=_TOLERANCE).fit(features, truth)


def probabilities(model: LogisticRegression, features: Any, classes: int) -> np.ndarray:
    """Probabilities [n, classes]; 0 for classes that the model never saw."""
    found = np.zeros((features.shape[0], classes))
    found[:, model.classes_] = model.predict_proba(features)
    return found


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors [n, d] at length 1."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
