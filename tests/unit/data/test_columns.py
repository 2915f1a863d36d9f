"""Guessing the text and the label column, by name and by content."""

from __future__ import annotations

import random

import pytest

from ptm_demo.data import EXAMPLES, guess_columns, read_csv, read_text
from ptm_demo.data.table import Table, frame_of
from ptm_demo.errors import UnknownColumn

SENTENCES = [row[0] for row in read_csv(EXAMPLES[0].path).frame.itertuples(index=False, name=None)][:120]
CHINESE = [row[0] for row in read_csv(EXAMPLES[1].path).frame.itertuples(index=False, name=None)][:120]


NAMES = [
    ("text", "label"),
    ("Review_Text", "Category"),
    ("内容", "类别"),
    ("评论", "情感"),
    ("content", "sentiment"),
    ("foo", "bar"),
    ("a", "b"),
]


def table(**columns: list[str]) -> Table:
    return Table(frame_of(columns))


def extra(n: int) -> dict[str, list[str]]:
    rng = random.Random(1)
    return {
        "id": [f"R-{1000 + i}" for i in range(n)],
        "date": [f"2024-0{1 + i % 9}-1{i % 10}" for i in range(n)],
        "stars": [str(rng.randint(1, 5)) for _ in range(n)],
        "price": [f"{rng.random() * 100:.2f}" for _ in range(n)],
        "user": [f"user{rng.randint(1, 900)}" for _ in range(n)],
        "url": [f"https://shop.example/{i}" for i in range(n)],
        "split": [["train", "test"][i % 5 == 0] for i in range(n)],
    }


@pytest.mark.parametrize("texts", [SENTENCES, CHINESE], ids=["english", "chinese"])
@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("classes", [["pos", "neg"], ["0", "1"], [f"intent_{i}" for i in range(30)]], ids=["two", "numbers", "thirty"])
def test_named_or_not_first_or_last(texts: list[str], names: tuple[str, str], swapped: bool, classes: list[str]) -> None:
    labels = [classes[i % len(classes)] for i in range(len(texts))]
    columns = {names[0]: texts, names[1]: labels}
    guess = guess_columns(table(**(dict(reversed(columns.items())) if swapped else columns)))
    assert (guess.text_column, guess.label_column) == names
    assert guess.text_confidence >= 0.5
    assert guess.label_confidence >= 0.4


@pytest.mark.parametrize("names", [("text", "label"), ("comment", "topic"), ("文本", "标签"), ("foo", "bar")])
@pytest.mark.parametrize("where", range(0, 8, 2))
def test_among_ids_dates_ratings_and_links(names: tuple[str, str], where: int) -> None:
    labels = [["refund", "delivery", "account"][i % 3] for i in range(len(SENTENCES))]
    columns = list(extra(len(SENTENCES)).items())
    columns.insert(where, (names[1], labels))
    columns.insert(len(columns) - where, (names[0], SENTENCES))
    guess = guess_columns(table(**dict(columns)))
    assert (guess.text_column, guess.label_column) == names


def test_confidence_is_lower_when_two_columns_would_do() -> None:
    labels = [["a", "b"][i % 2] for i in range(120)]
    one = guess_columns(table(text=SENTENCES, label=labels))
    two = guess_columns(table(sentence_a=SENTENCES, sentence_b=SENTENCES[::-1], label=labels))
    assert two.text_confidence < one.text_confidence
    assert one.text_confidence > 0.8 and one.label_confidence > 0.8


def test_numbers_called_text_are_no_text() -> None:
    guess = guess_columns(table(text=[str(i * 3.7) for i in range(50)], label=["a", "b"] * 25))
    assert guess.text_confidence < 0.3


def test_a_constant_or_all_different_column_is_a_poor_label() -> None:
    constant = guess_columns(table(text=SENTENCES, kind=["x"] * 120))
    different = guess_columns(table(text=SENTENCES, name=[f"n{i}" for i in range(120)]))
    assert constant.label_confidence < 0.2 and different.label_confidence < 0.35


def test_a_chosen_column_is_kept() -> None:
    data = table(id=[str(i) for i in range(120)], text=SENTENCES, label=["a", "b"] * 60, other=["x", "y", "z"] * 40)
    assert guess_columns(data, label_column="other").label_column == "other"
    assert guess_columns(data, text_column="label").text_column == "label"
    assert guess_columns(data, text_column="label").label_column != "label"
    with pytest.raises(UnknownColumn):
        guess_columns(data, text_column="nope")


def test_one_column_and_hardly_any_rows() -> None:
    guess = guess_columns(read_text("text\nhello there\n", one_column_ok=True))
    assert (guess.text_column, guess.label_column, guess.label_confidence) == ("text", "", 0.0)
    guess = guess_columns(read_text("label,text\nx,hello there you\n"))
    assert (guess.text_column, guess.label_column) == ("text", "label")
    assert guess_columns(read_text("a,b\n,\nx,\n")).text_column in ("a", "b")
