from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score

from ptm_demo import TextClassifier
from ptm_demo.errors import BadOption, FolderNotEmpty, NotFitted, OneClass, RunNotFound, TooFewRows
from ptm_demo.store import open_run
from tests.tiny import build
from tests.unit.tuning.conftest import rows

DATA = rows(80)


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(build("bert", tmp_path_factory.mktemp("tiny"), head="none", std=0.3))


@pytest.fixture
def clf(tiny_folder: str) -> TextClassifier:
    return TextClassifier(tiny_folder, "quick", epochs=2, batch_size=8, learning_rate=0.01, max_length=32)


@pytest.fixture(scope="module")
def fitted(tiny_folder: str) -> TextClassifier:
    torch.set_num_threads(1)
    made = TextClassifier(tiny_folder, "quick", epochs=8, batch_size=8, learning_rate=0.01, max_length=32)
    return made.fit(DATA.texts, DATA.labels)


def test_parameters_are_scikit_learns(clf: TextClassifier) -> None:
    params = clf.get_params()
    assert params["epochs"] == 2 and params["seed"] == 0 and params["lora_r"] is None
    copy = clone(clf.set_params(lora_r=4))
    assert copy is not clf and copy.get_params() == clf.get_params()
    assert not hasattr(copy, "classes_")


def test_it_learns_and_answers(fitted: TextClassifier) -> None:
    assert fitted.classes_.tolist() == ["bad", "good"]
    probabilities = fitted.predict_proba(DATA.texts)
    assert probabilities.shape == (80, 2)
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(80))
    predicted = fitted.predict(DATA.texts)
    assert predicted.tolist() == fitted.classes_[probabilities.argmax(axis=1)].tolist()
    assert fitted.score(DATA.texts, DATA.labels) == np.mean(predicted == np.array(DATA.labels))
    assert fitted.score(DATA.texts, DATA.labels) > 0.7
    assert ((fitted.decision_function(DATA.texts) > 0) == (predicted == "good")).all()
    assert fitted.predict([]).shape == (0,)


def test_the_seed_decides(clf: TextClassifier) -> None:
    first = clf.fit(DATA.texts, DATA.labels).predict_proba(DATA.texts[:9])
    assert np.array_equal(first, clone(clf).fit(DATA.texts, DATA.labels).predict_proba(DATA.texts[:9]))
    assert not np.array_equal(first, clone(clf).set_params(seed=5).fit(DATA.texts, DATA.labels).predict_proba(DATA.texts[:9]))


@pytest.mark.parametrize(
    ("good", "bad", "kind"), [(10, 2, "i"), (True, False, "b"), (1.5, -0.5, "f"), ("y", "n", "U"), (np.int64(7), np.int64(-7), "i")]
)
def test_labels_come_back_as_they_went_in(clf: TextClassifier, tmp_path: Path, good: Any, bad: Any, kind: str) -> None:
    labels = [good if label == "good" else bad for label in DATA.labels]
    clf.set_params(epochs=1).fit(DATA.texts, labels)
    assert clf.classes_.dtype.kind == kind
    assert clf.classes_.tolist() == sorted([good, bad])
    again = TextClassifier.load(clf.save(tmp_path / "run"))
    assert again.classes_.dtype.kind == kind
    assert again.predict(DATA.texts).tolist() == clf.predict(DATA.texts).tolist()


@pytest.mark.parametrize("wrap", [list, tuple, np.array, pd.Series, iter])
def test_texts_may_come_in_any_sequence(clf: TextClassifier, fitted: TextClassifier, wrap: Any) -> None:
    expected = fitted.predict_proba(DATA.texts[:7])
    assert np.array_equal(fitted.predict_proba(wrap(DATA.texts[:7])), expected)
    clf.set_params(epochs=1).fit(wrap(DATA.texts), wrap(DATA.labels))
    assert clf.classes_.tolist() == ["bad", "good"]


def test_saved_and_reloaded_it_answers_the_same(fitted: TextClassifier, tmp_path: Path) -> None:
    folder = fitted.save(tmp_path / "my-run")
    again = TextClassifier.load(folder)
    assert np.abs(again.predict_proba(DATA.texts) - fitted.predict_proba(DATA.texts)).max() < 1e-5
    assert again.get_params()["seed"] == 0 and again.config_ == fitted.config_
    run = open_run(folder)
    run.verify()
    assert run.summary.accuracy == fitted.validation_.accuracy
    with pytest.raises(FolderNotEmpty):
        fitted.save(folder)
    third = TextClassifier.load(again.save(tmp_path / "again"))
    assert np.array_equal(third.predict(DATA.texts), fitted.predict(DATA.texts))


def test_it_survives_pickling(fitted: TextClassifier) -> None:
    copy = pickle.loads(pickle.dumps(fitted))  # noqa: S301
    assert np.array_equal(copy.predict_proba(DATA.texts[:5]), fitted.predict_proba(DATA.texts[:5]))


def test_cross_validation_and_grid_search(clf: TextClassifier) -> None:
    scores = cross_val_score(clf, DATA.texts, DATA.labels, cv=2, error_score="raise")
    assert scores.shape == (2,) and (scores >= 0).all()
    search = GridSearchCV(clf, {"lora_r": [2, 4]}, cv=2, error_score="raise").fit(DATA.texts, DATA.labels)
    assert search.best_params_["lora_r"] in {2, 4}
    assert set(search.predict(DATA.texts[:4])) <= {"good", "bad"}


def test_many_classes_keep_their_columns(clf: TextClassifier) -> None:
    labels = [str(i % 11) for i in range(80)]
    clf.set_params(epochs=1).fit(DATA.texts, [int(label) for label in labels])
    assert clf.classes_.tolist() == list(range(11))  # "10" sorts before "2" as a text
    probabilities = clf.predict_proba(DATA.texts)
    assert clf.predict(DATA.texts).tolist() == probabilities.argmax(axis=1).tolist()


@pytest.mark.parametrize(
    ("texts", "labels", "error"),
    [
        (["a", "b"], ["x"], BadOption),
        (["a"], ["x"], TooFewRows),
        ([], [], TooFewRows),
        (["a", "b", "c"], ["x", "x", "x"], OneClass),
        (["a", None, "c"], ["x", "y", "x"], BadOption),
        ("one text", ["x"], BadOption),
        (np.array([["a", "b"]]), ["x"], BadOption),
    ],
)
def test_what_cannot_be_learned_is_told(clf: TextClassifier, texts: Any, labels: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        clf.fit(texts, labels)


def test_asking_before_fitting_and_loading_nothing(clf: TextClassifier, tmp_path: Path) -> None:
    for ask in (clf.predict, clf.predict_proba):
        with pytest.raises(NotFitted):
            ask(["a"])
    with pytest.raises(NotFitted):
        clf.save(tmp_path / "run")
    with pytest.raises(RunNotFound):
        TextClassifier.load(tmp_path / "nothing")
    with pytest.raises(BadOption, match="epochs"):
        clf.set_params(epochs=-3).fit(DATA.texts, DATA.labels)
