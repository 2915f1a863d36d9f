"""Three cheaper methods on the same split, so that the gain of tuning is plain. Knows nothing of tuned models."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from ptm_demo.progress import CancelToken, Progress, ProgressFn, ignore
from ptm_demo.results import Baseline
from ptm_demo.tuning.linear import TFIDF_C, choose_c, fit_linear
from ptm_demo.tuning.metrics import confusion_matrix, macro_f1, wilson

# Scripts written without spaces, in which a word is no run of letters: CJK ideographs, kana, Thai.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f]")
_UNSPACED_SHARE = 0.2
_SAMPLE = 1000


def baselines(
    train_texts: Sequence[str],
    train_truth: np.ndarray,
    test_texts: Sequence[str],
    test_truth: np.ndarray,
    classes: int,
    *,
    train_vectors: np.ndarray | None = None,
    test_vectors: np.ndarray | None = None,
    vector_seconds: float = 0.0,
    progress: ProgressFn = ignore,
    cancel: CancelToken | None = None,
) -> tuple[Baseline, ...]:
    """The majority class, TF-IDF and (when vectors are given) frozen sentence vectors, each with a logistic regression.

    Args:
        train_truth, test_truth: class indices.
        vector_seconds: what making the vectors of these rows took; counted into the frozen baseline's time.
    """
    methods: list[tuple[str, float, Callable[[], np.ndarray]]] = [
        ("majority", 0.0, lambda: np.full(len(test_truth), np.bincount(train_truth, minlength=classes).argmax())),
        ("tfidf", 0.0, lambda: _tfidf(train_texts, train_truth, test_texts)),
    ]
    if train_vectors is not None and test_vectors is not None:
        train_side, test_side = train_vectors, test_vectors
        methods.append(("frozen", vector_seconds, lambda: _frozen(train_side, train_truth, test_side)))
    found = []
    for number, (name, seconds, predict) in enumerate(methods):
        if cancel is not None:
            cancel.check()
        progress(Progress("baseline", number, len(methods), detail={"baseline": name}))
        began = time.perf_counter()
        predicted = np.asarray(predict(), dtype=np.int64)
        seconds += time.perf_counter() - began
        right, n = int((predicted == test_truth).sum()), len(test_truth)
        score = macro_f1(confusion_matrix(test_truth, predicted, classes))
        found.append(Baseline(name, right / max(1, n), wilson(right, n), score, seconds))
    return tuple(found)


def is_unspaced(texts: Sequence[str]) -> bool:
    """Whether words are mostly not set apart by spaces, judged on the first thousand texts."""
    sample = "".join(texts[:_SAMPLE])
    return len(_UNSPACED.findall(sample)) > _UNSPACED_SHARE * max(1, len(sample))


def tfidf_vectorizer(texts: Sequence[str]) -> TfidfVectorizer:
    """Word 1–2-grams, or character 1–3-grams for scripts without spaces; sublinear counts."""
    if is_unspaced(texts):
        return TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True)
    return TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")  # noqa: S106 - no password


def _tfidf(train_texts: Sequence[str], truth: np.ndarray, test_texts: Sequence[str]) -> np.ndarray:
    vectorizer = tfidf_vectorizer(train_texts)
    try:
        features = vectorizer.fit_transform(train_texts)
    except ValueError:  # not one word in any text, such as emoji only
        return np.full(len(test_texts), np.bincount(truth).argmax())
    predicted: np.ndarray = fit_linear(features, truth, c=TFIDF_C).predict(vectorizer.transform(test_texts))
    return predicted


def _frozen(train_vectors: np.ndarray, truth: np.ndarray, test_vectors: np.ndarray) -> np.ndarray:
    predicted: np.ndarray = fit_linear(train_vectors, truth, c=choose_c(train_vectors, truth)).predict(test_vectors)
    return predicted
