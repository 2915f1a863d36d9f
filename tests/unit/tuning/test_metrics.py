from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn import metrics as oracle

from ptm_demo.tuning.metrics import bootstrap_macro_f1, confident_mistakes, evaluate, held_out_rows, softmax, wilson

LABELS = ("a", "b", "c", "d")


def some(n: int = 300, classes: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = random.integers(0, classes, n)
    logits = random.normal(size=(n, classes)).astype(np.float32)
    logits[np.arange(n), truth] += 1.0
    return logits, truth


def test_figures_equal_scikit_learns() -> None:
    logits, truth = some()
    found = evaluate(logits, truth, LABELS)
    predicted = logits.argmax(axis=1)
    precision, recall, f1, support = oracle.precision_recall_fscore_support(truth, predicted)
    assert found.n == 300
    assert found.accuracy == pytest.approx(oracle.accuracy_score(truth, predicted))
    assert found.macro_f1 == pytest.approx(oracle.f1_score(truth, predicted, average="macro"))
    assert [c.precision for c in found.per_class] == pytest.approx(precision.tolist())
    assert [c.recall for c in found.per_class] == pytest.approx(recall.tolist())
    assert [c.f1 for c in found.per_class] == pytest.approx(f1.tolist())
    assert [c.support for c in found.per_class] == support.tolist()
    assert [list(row) for row in found.confusion] == oracle.confusion_matrix(truth, predicted).tolist()
    assert found.loss == pytest.approx(oracle.log_loss(truth, softmax(logits), labels=range(4)))


def test_macro_f1_ignores_classes_that_never_occur_as_scikit_learn_does() -> None:
    truth = np.array([0, 0, 1, 1])
    logits = np.array([[2.0, 0, 0, 0], [2, 0, 0, 0], [2, 0, 0, 0], [0, 2, 0, 0]])
    expected = oracle.f1_score(truth, logits.argmax(axis=1), average="macro")
    assert evaluate(logits, truth, LABELS).macro_f1 == pytest.approx(expected)


@pytest.mark.parametrize(("right", "n"), [(0, 10), (10, 10), (7, 10), (1603, 1821)])
def test_wilson_equals_scipy(right: int, n: int) -> None:
    found = wilson(right, n)
    expected = binomtest(right, n).proportion_ci(0.95, method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_bootstrap_agrees_with_drawing_rows() -> None:
    logits, truth = some(200)
    predicted = logits.argmax(axis=1)
    random = np.random.default_rng(1)
    scores = []
    for _ in range(600):
        rows = random.integers(0, 200, 200)
        scores.append(oracle.f1_score(truth[rows], predicted[rows], average="macro"))
    found = bootstrap_macro_f1(truth, predicted, 4)
    assert (found.low, found.high) == pytest.approx(np.percentile(scores, [2.5, 97.5]), abs=0.015)
    assert found == bootstrap_macro_f1(truth, predicted, 4)


def test_calibration_is_the_weighted_gap() -> None:
    probabilities = np.array([[0.95, 0.05], [0.95, 0.05], [0.6, 0.4], [0.6, 0.4]])
    found = evaluate(np.log(probabilities), np.array([0, 1, 0, 0]), ("no", "yes")).calibration
    assert found.ece == pytest.approx((2 * abs(0.95 - 0.5) + 2 * abs(0.6 - 1.0)) / 4)
    assert sum(one.count for one in found.bins) == 4
    assert found.bins[9].confidence == pytest.approx(0.95)


def test_certain_answers_belong_to_the_last_bin() -> None:
    found = evaluate(np.array([[1000.0, 0.0]]), np.array([0]), ("no", "yes"))
    assert found.calibration.bins[-1].count == 1
    assert found.loss == 0.0


def test_held_out_rows_and_the_most_confident_mistakes() -> None:
    logits = np.log(np.array([[0.9, 0.1], [0.2, 0.8], [0.99, 0.01]]))
    rows = held_out_rows(logits, np.array([0, 0, 1]), ("no", "yes"), ["x", "y", "z"], [4, 7, 9])
    assert [row.predicted for row in rows] == ["no", "yes", "no"]
    assert rows[1].label_probability == pytest.approx(0.2)
    assert [row.row for row in confident_mistakes(rows)] == [9, 7]


def test_no_rows_make_no_figures_up() -> None:
    found = evaluate(np.zeros((0, 2)), np.zeros(0, dtype=int), ("no", "yes"))
    assert found.n == 0
    assert (found.accuracy_interval.low, found.accuracy_interval.high) == (0.0, 1.0)
