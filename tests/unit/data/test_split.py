"""Splitting: stratified, repeatable, nothing in two parts."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptm_demo.data import LabelledTexts, Split, split
from ptm_demo.data.normalise import loose_key
from ptm_demo.errors import BadOption, UnseenLabel


def labelled(rows: list[tuple[str, str]]) -> LabelledTexts:
    return LabelledTexts([text for text, _ in rows], [label for _, label in rows], list(range(1, len(rows) + 1)))


def many(per_class: dict[str, int]) -> LabelledTexts:
    return labelled([(f"{label} says {i}", label) for label, n in per_class.items() for i in range(n)])


def parts(found: Split) -> dict[str, LabelledTexts]:
    return {"train": found.train, "eval": found.eval, "test": found.test}


def test_shares_are_kept_in_every_class() -> None:
    found = split(many({"a": 100, "b": 50, "c": 200}))
    assert Counter(found.test.labels) == {"a": 20, "b": 10, "c": 40}
    assert Counter(found.eval.labels) == {"a": 8, "b": 4, "c": 16}
    assert Counter(found.train.labels) == {"a": 72, "b": 36, "c": 144}


def test_every_row_is_in_one_part_with_its_own_text_and_label() -> None:
    data = many({"a": 33, "b": 21})
    found = split(data, seed=3)
    rows = sorted(row for part in parts(found).values() for row in part.rows)
    assert rows == data.rows
    for part in parts(found).values():
        assert part.rows == sorted(part.rows)
        assert all(
            (data.texts[r - 1], data.labels[r - 1]) == (t, label) for r, t, label in zip(part.rows, part.texts, part.labels, strict=True)
        )


def test_the_seed_decides_and_the_order_of_the_file_does_not() -> None:
    data = many({"a": 40, "b": 40})
    backwards = LabelledTexts(data.texts[::-1], data.labels[::-1], data.rows[::-1])
    assert split(data, seed=1) == split(data, seed=1)
    assert split(data, seed=1).test.rows != split(data, seed=2).test.rows
    assert sorted(split(data, seed=1).test.rows) == sorted(split(backwards, seed=1).test.rows)


def test_seventy_seven_classes() -> None:
    found = split(many({f"intent {i}": 5 + i for i in range(77)}))
    for part in parts(found).values():
        assert len(set(part.labels)) == 77


@pytest.mark.parametrize(
    ("rows", "train", "eval_rows", "test"), [(1, 1, 0, 0), (2, 1, 0, 1), (3, 1, 1, 1), (4, 2, 1, 1), (5, 3, 1, 1), (10, 7, 1, 2)]
)
def test_small_classes_go_to_train_first(rows: int, train: int, eval_rows: int, test: int) -> None:
    found = split(many({"big": 100, "small": rows}))
    counts = tuple(part.labels.count("small") for part in (found.train, found.eval, found.test))
    assert counts == (train, eval_rows, test)


def test_repeated_texts_stay_together() -> None:
    rows = [(text, label) for i in range(30) for text, label in [(f"text {i}", "a"), (f"Text {i}!", "a"), (f"other {i}", "b")]]
    found = split(labelled(rows))
    keys = [{loose_key(text) for text in part.texts} for part in parts(found).values()]
    assert not (keys[0] & keys[1] or keys[0] & keys[2] or keys[1] & keys[2])
    assert 0.15 * 90 <= len(found.test) <= 0.25 * 90


def test_one_huge_group_does_not_empty_the_test() -> None:
    found = split(labelled([("same", "a")] * 50 + [(f"a {i}", "a") for i in range(10)] + [(f"b {i}", "b") for i in range(60)]))
    assert 0 < found.test.labels.count("a") <= 12
    assert found.train.texts.count("same") == 50


def test_fractions_of_nothing() -> None:
    found = split(many({"a": 50, "b": 50}), eval_fraction=0, test_fraction=0)
    assert (len(found.train), len(found.eval), len(found.test)) == (100, 0, 0)
    found = split(many({"a": 50, "b": 50}), eval_fraction=0)
    assert (len(found.train), len(found.eval), len(found.test)) == (80, 0, 20)
    with pytest.raises(BadOption):
        split(many({"a": 5}), test_fraction=1.0)
    with pytest.raises(BadOption):
        split(many({"a": 5}), eval_fraction=-0.1)


def test_a_test_table_of_ones_own() -> None:
    test = many({"a": 7, "b": 2})
    found = split(many({"a": 50, "b": 50}), test=test)
    assert found.test is test
    assert (len(found.train), len(found.eval)) == (90, 10)
    assert split(many({"a": 50, "b": 2}), test=test).eval.labels.count("b") == 1
    with pytest.raises(UnseenLabel) as error:
        split(many({"a": 50, "b": 50}), test=many({"c": 1}))
    assert error.value.params["label"] == "c"


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["x", "X!", "y", "z z", "w", "v", "u", "t", "s", ""]), st.sampled_from("abc")), min_size=1, max_size=60
    ),
    st.sampled_from([0, 0.1, 0.5]),
    st.sampled_from([0, 0.2, 0.6]),
    st.integers(0, 5),
)
def test_whatever_the_rows(rows: list[tuple[str, str]], eval_fraction: float, test_fraction: float, seed: int) -> None:
    data = labelled(rows)
    found = split(data, eval_fraction=eval_fraction, test_fraction=test_fraction, seed=seed)
    assert sorted(r for part in parts(found).values() for r in part.rows) == data.rows
    keys = [{loose_key(text) for text in part.texts} for part in parts(found).values()]
    assert not (keys[0] & keys[1] or keys[0] & keys[2] or keys[1] & keys[2])
    assert found.train.texts
    if not test_fraction:
        assert not found.test.texts
