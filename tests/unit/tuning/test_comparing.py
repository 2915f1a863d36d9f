from __future__ import annotations

import numpy as np
import pytest

from ptm_demo.tuning.comparing import baselines, is_unspaced
from ptm_demo.tuning.linear import choose_c
from ptm_demo.tuning.suspects import out_of_sample, suspect_labels
from tests.unit.tuning.conftest import rows


def clouds(classes: int = 3, each: int = 40, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    middles = random.normal(size=(classes, 16)) * 2
    truth = np.repeat(np.arange(classes), each)
    vectors = middles[truth] + random.normal(size=(len(truth), 16))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), truth


def test_each_method_is_judged_on_the_test_rows() -> None:
    data = rows(160)
    truth = np.array([label == "good" for label in data.labels], dtype=int)
    truth_test = truth[120:].copy()
    vectors = np.random.default_rng(0).normal(size=(160, 8))
    found = baselines(
        data.texts[:120], truth[:120], data.texts[120:], truth_test, 2, train_vectors=vectors[:120], test_vectors=vectors[120:],
        vector_seconds=3.0,
    )  # fmt: skip
    majority, tfidf, frozen = found
    assert [b.name for b in found] == ["majority", "tfidf", "frozen"]
    assert majority.accuracy == pytest.approx(max(truth_test.mean(), 1 - truth_test.mean()))
    assert majority.macro_f1 == pytest.approx(1 / 3)
    assert tfidf.accuracy > 0.9  # one word decides
    assert 0.2 < frozen.accuracy < 0.8  # noise
    assert frozen.seconds > 3.0


def test_without_vectors_there_is_no_frozen_baseline() -> None:
    found = baselines(["a b", "c d"], np.array([0, 1]), ["a"], np.array([0]), 2)
    assert [b.name for b in found] == ["majority", "tfidf"]


def test_texts_without_one_word_do_not_stop_the_others() -> None:
    found = baselines(["😀", "😡", "😀"], np.array([0, 1, 0]), ["😀"], np.array([0]), 2)
    assert found[1].accuracy == 1.0


def test_chinese_is_read_by_characters() -> None:
    assert is_unspaced(["很快，好吃", "味道足 ok"])
    assert not is_unspaced(["very good", "naïve café"])
    train = ["很好吃", "味道好", "太好了", "很难吃", "难吃死了", "太难吃"] * 3
    truth = np.array([1, 1, 1, 0, 0, 0] * 3)
    assert baselines(train, truth, ["真好吃", "真难吃"], np.array([1, 0]), 2)[1].accuracy == 1.0


def test_the_penalty_is_one_of_the_choices_and_repeatable() -> None:
    vectors, truth = clouds()
    assert choose_c(vectors, truth) == choose_c(vectors, truth)
    assert choose_c(vectors[:3], np.array([0, 1, 2])) == 10.0


def test_flipped_labels_are_found_first() -> None:
    vectors, truth = clouds(each=60)
    flipped = [3, 70, 150]
    given = truth.copy()
    given[flipped] = (given[flipped] + 1) % 3
    probs = out_of_sample(vectors, given, 3)
    assert probs.sum(axis=1) == pytest.approx(np.ones(180))
    found = suspect_labels(probs, given, ("a", "b", "c"), [f"t{i}" for i in range(180)], list(range(1, 181)))
    assert {s.row - 1 for s in found[:3]} == set(flipped)
    worst = found[0]
    assert worst.text == f"t{worst.row - 1}"
    assert worst.suggested == "abc"[truth[worst.row - 1]]
    assert worst.suggested_probability > worst.label_probability


def test_clean_rows_raise_little_doubt_and_rare_classes_none() -> None:
    vectors, truth = clouds(each=60)
    truth[0] = 2
    probs = out_of_sample(vectors, truth, 4)
    assert probs.shape == (180, 4)
    truth_rare = truth.copy()
    truth_rare[10] = 3  # the only row of its class
    found = suspect_labels(probs, truth_rare, ("a", "b", "c", "d"), ["t"] * 180, list(range(1, 181)))
    assert 11 not in {s.row for s in found}
    assert len(found) < 10


def test_too_few_rows_to_judge_give_no_suspects() -> None:
    probs = out_of_sample(np.eye(3), np.array([0, 1, 2]), 3)
    assert suspect_labels(probs, np.array([0, 1, 2]), ("a", "b", "c"), ["x", "y", "z"], [1, 2, 3]) == ()
