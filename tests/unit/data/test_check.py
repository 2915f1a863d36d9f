"""The report: every problem with its count and rows, all at once; errors are what `usable` raises."""

from __future__ import annotations

import random
import time
from string import Formatter
from typing import Any

import pytest

from ptm_demo.data import EXAMPLES, FIXES, PROBLEMS, Limits, Table, check, read_csv, read_text, usable
from ptm_demo.data.problems import problem
from ptm_demo.data.table import frame_of
from ptm_demo.errors import (
    AllTextsEqual,
    DataError,
    NoLabels,
    NoTextColumn,
    OneClass,
    OneColumn,
    SameColumn,
    TooFewRows,
    TooManyClasses,
    UnknownColumn,
)
from ptm_demo.results import CsvReport, Problem

WORDS = [
    "river", "copper", "window", "garden", "ticket", "silver", "basket", "marble", "engine", "pepper", "button", "velvet",
    "lantern", "harbour", "pillow", "mirror", "saddle", "walnut", "thunder", "cabbage", "bishop", "violin", "ladder", "pigeon",
]  # fmt: skip


def sentences(n: int, seed: int = 0) -> list[str]:
    """Different sentences of different words."""
    rng = random.Random(seed)
    return [f"the {' '.join(rng.sample(WORDS, 7))} is number {i}" for i in range(n)]


def table(texts: list[str], labels: list[str], **more: list[str]) -> Table:
    return Table(frame_of({"text": texts, "label": labels, **more}))


def clean_table(n: int = 60) -> Table:
    return table(sentences(n), [["good", "poor"][i % 2] for i in range(n)])


def by_code(report: CsvReport) -> dict[str, Problem]:
    found = {p.code: p for p in report.problems}
    assert len(found) == len(report.problems), "a code twice"
    return found


def checked(data: Table, **kwargs: Any) -> dict[str, Problem]:
    return by_code(check(data, "text", "label", **kwargs))


def put(data: Table, cells: dict[int, tuple[str, str]]) -> Table:
    """The table with (text, label) of some rows, by number, replaced; None keeps what was there."""
    texts, labels = data.column("text"), data.column("label")
    for number, (text, label) in cells.items():
        texts[number - 1] = texts[number - 1] if text is None else text
        labels[number - 1] = labels[number - 1] if label is None else label
    return table(texts, labels)


def test_a_clean_table_has_no_problems() -> None:
    report = check(clean_table())
    assert (report.text_column, report.label_column) == ("text", "label")
    assert report.problems == ()
    assert (report.rows, report.usable_rows, dict(report.labels)) == (60, 60, {"good": 30, "poor": 30})
    assert report.majority_accuracy == 0.5
    assert dict(report.languages) == {"en": 60}


def test_all_problems_come_at_once() -> None:
    long = " ".join(WORDS * 10)
    data = put(
        clean_table(80),
        {
            1: ("  ", None),
            2: (None, ""),
            3: (None, " Poor"),
            4: (None, "GOOD"),
            5: (" padded ", None),
            6: ("bell\x07 inside this", None),
            7: ("clichÃ©s everywhere here", None),
            8: ("n/a", None),
            9: (None, "NA"),
            10: (sentences(80)[19], "poor"),
            12: (sentences(80)[21].upper() + "!!", "poor"),
            14: (sentences(80)[24], "poor"),
            31: (sentences(80)[32] + " indeed", "good"),
            40: (None, "rare"),
            41: (None, "rare"),
            50: (long, None),
            60: ("这家店的东西质量很好", None),
            62: ("客服态度太差了不会再来", None),
            64: ("物流很快第二天就到了", None),
            66: ("价格有点贵但是值得", None),
            68: ("包装破了一个大口子", None),
        },
    )
    found = checked(data)
    expected = {
        "empty_texts": (1, (1,), "drop_empty"),
        "empty_labels": (1, (2,), "drop_empty"),
        "label_variants": (2, (3, 4), "merge_labels"),
        "stray_whitespace": (3, (1, 3, 5), "trim"),
        "control_characters": (1, (6,), "trim"),
        "garbled_texts": (1, (7,), ""),
        "placeholder_texts": (1, (8,), ""),
        "missing_value_labels": (1, (9,), ""),
        "exact_duplicates": (1, (20,), "drop_duplicates"),
        "near_duplicates": (1, (22,), "drop_duplicates"),
        "conflicting_labels": (2, (14, 25), "drop_conflicting"),
        "similar_texts": (1, (33,), ""),
        "single_row_classes": (1, (9,), "drop_rare"),
        "rare_classes": (1, (40, 41), "drop_rare"),
        "long_texts": (1, (50,), ""),
        "mixed_languages": (5, (), ""),
    }
    assert {code: (p.count, p.rows, p.fix) for code, p in found.items()} == expected


def test_rows_and_examples_are_bounded_and_verbatim() -> None:
    data = table([f"  {text} " + "x" * 300 for text in sentences(60)], ["a", "b"] * 30)
    found = checked(data)["stray_whitespace"]
    assert found.count == 60
    assert found.rows == tuple(range(1, 21))
    assert len(found.examples) == 5
    assert all(len(e) == 120 and e.startswith("  the ") for e in found.examples)


def test_reading_problems_are_in_the_report() -> None:
    text = "id;text;label\n" + "".join(f"{i};{s};{'ab'[i % 2]}\n" for i, s in enumerate(sentences(30))) + "31;one; two;a\n32;short\n"
    codes = by_code(check(read_text(text)))
    assert codes["rows_too_long"].rows == (31,) and codes["rows_too_short"].rows == (32,)
    assert codes["empty_labels"].rows == (31, 32)


# --- what stops training --------------------------------------------------------------------------------------

LABELS = ["a", "b"] * 15
STOPPERS: list[tuple[str, Table, type[DataError]]] = [
    ("no_labels", table(sentences(30), [" ", ""] * 15), NoLabels),
    ("too_few_rows", table(sentences(3), ["a", "b", "a"]), TooFewRows),
    ("too_few_rows", table(["", " "], ["a", "b"]), TooFewRows),
    ("one_class", table(sentences(30), ["a"] * 30), OneClass),
    ("too_many_classes", table(sentences(500), [f"c{i % 201}" for i in range(500)]), TooManyClasses),
    ("id_like_labels", table(sentences(30), [f"L{i}" for i in range(30)]), TooManyClasses),
    ("all_texts_equal", table(["the same "] * 30, LABELS), AllTextsEqual),
    ("numeric_texts", table([f"{i}.50" for i in range(30)], LABELS), NoTextColumn),
]


@pytest.mark.parametrize(("code", "data", "error"), STOPPERS, ids=[f"{c}-{i}" for i, (c, _, _) in enumerate(STOPPERS)])
def test_errors_are_reported_by_check_and_raised_by_usable(code: str, data: Table, error: type[DataError]) -> None:
    assert checked(data)[code].severity == "error"
    with pytest.raises(error):
        usable(data, "text", "label")


def test_no_error_means_usable_and_the_other_way_round() -> None:
    for example in EXAMPLES:
        data = read_csv(example.path)
        report = check(data)
        assert not [p for p in report.problems if p.severity == "error"]
        rows = usable(data, report.text_column, report.label_column)
        assert len(rows) == report.usable_rows
        assert all(data.column(report.text_column)[n - 1] == text for n, text in zip(rows.rows[:20], rows.texts, strict=False)) or any(
            note.code == "repeated_headers" for note in data.notes
        )


def test_questions_that_make_no_sense_raise() -> None:
    with pytest.raises(UnknownColumn):
        check(clean_table(), "nope", "label")
    with pytest.raises(UnknownColumn):
        check(clean_table(), "text", "nope")
    with pytest.raises(SameColumn):
        check(clean_table(), "text", "text")
    with pytest.raises(OneColumn):
        check(read_text("text\nhello\n", one_column_ok=True))
    with pytest.raises(UnknownColumn):
        check(clean_table(), "text", "label", eval_table=Table(frame_of({"other": ["x"], "label": ["good"]})))


def test_labels_stay_verbatim() -> None:
    data = table(sentences(30), ["007", "NA", "7"] * 10)
    report = check(data, "text", "label")
    assert dict(report.labels) == {"007": 10, "NA": 10, "7": 10}
    assert by_code(report)["missing_value_labels"].count == 10
    numbers = checked(table(sentences(30), ["007", "7", "1.5"] * 10))
    assert numbers["numeric_labels"].severity == "info"
    assert "label_variants" not in numbers


@pytest.mark.parametrize(
    ("labels", "variants"),
    [
        (["Spam", "spam", "spam ", "SPAM", "ham"], 3),
        (["card_arrival", "card arrival", "Card-Arrival", "x", "y"], 2),
        (["1", "-1", "2", "1 2", "12"], 0),
        (["positive", "positve", "ｐｏｓｉｔｉｖｅ", "x", "y"], 1),
        (["C++", "C#", "C", "+1", "-1"], 0),
    ],
)
def test_what_counts_as_one_label(labels: list[str], variants: int) -> None:
    names = [labels[i % 5] for i in range(60)]
    found = checked(table(sentences(60), names))
    assert (found["label_variants"].count if "label_variants" in found else 0) == variants * 12


def test_uneven_labels_name_the_majority_baseline() -> None:
    labels = ["ham"] * 90 + ["spam"] * 10
    report = check(table(sentences(100), labels), "text", "label")
    found = by_code(report)["imbalance"]
    assert report.majority_accuracy == 0.9
    assert found.params == {"count": 2, "label": "ham", "percent": 90, "rarest": "spam", "rarest_rows": 10}
    assert "90 %" in found.message
    assert "imbalance" not in checked(table(sentences(100), ["ham"] * 65 + ["spam"] * 35))


def test_ids_taken_for_texts() -> None:
    assert checked(table([f"R-{i * 7919:08x}" for i in range(30)], LABELS))["id_like_texts"].severity == "warning"
    assert "id_like_texts" not in checked(clean_table())


# --- lengths --------------------------------------------------------------------------------------------------


def test_truncation_with_a_tokenizer() -> None:
    texts = sentences(100)
    texts[9] = " ".join(WORDS * 9)
    data = table(texts, ["a", "b"] * 50)
    report = check(data, "text", "label", max_length=64, count_tokens=lambda batch: [len(text.split()) + 2 for text in batch])
    found = by_code(report)["truncated_texts"]
    assert (report.truncated, found.count, found.rows, found.severity) == (0.01, 1, (10,), "info")
    assert report.length_unit == "tokens"
    assert report.median_length == 13
    assert sum(rows for _, _, rows in report.lengths) == 100
    assert report.lengths[0][0] == 13 and report.lengths[-1][1] > 9 * 24
    severe = check(data, "text", "label", max_length=12, count_tokens=lambda batch: [len(text.split()) + 2 for text in batch])
    assert by_code(severe)["truncated_texts"].severity == "warning" and severe.truncated == 1.0


def test_without_a_tokenizer_lengths_are_characters() -> None:
    report = check(clean_table(), "text", "label")
    assert report.truncated is None and report.length_unit == "characters"
    assert sum(rows for _, _, rows in report.lengths) == 60
    assert all(low < high for low, high, _ in report.lengths)


# --- languages ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "group", "model"),
    [
        (["the weather is good and we like it"], "en", "builtin:minilm"),
        (["今天天气很好"], "zh", "builtin:e5-small"),
        (["Погода сегодня хорошая"], "other", "builtin:e5-small"),
        (["今日はとても良い天気ですね"], "other", "builtin:e5-small"),
        (["Das Wetter ist heute sehr schön und wir gehen raus"], "other", "builtin:e5-small"),
        (["iPhone 的屏幕 very good 但是 battery 不行"], "mixed", "builtin:e5-small"),
        (["good 😀", "so café, the best one"], "en", "builtin:minilm"),
        (["12345 !!!"], "other", "builtin:minilm"),
    ],
)
def test_language_groups_choose_the_model(texts: list[str], group: str, model: str) -> None:
    data = table([f"{texts[i % len(texts)]} {i}" for i in range(30)], LABELS)
    report = check(data, "text", "label")
    assert dict(report.languages) == {group: 30}
    assert report.suggested_model == model


def test_a_tenth_of_chinese_asks_for_the_multilingual_model() -> None:
    def report(chinese: int) -> CsvReport:
        return check(table(sentences(100 - chinese) + [f"第{i}件东西质量很好" for i in range(chinese)], ["a", "b"] * 50), "text", "label")

    assert report(5).suggested_model == "builtin:minilm"
    assert report(15).suggested_model == "builtin:e5-small"
    assert by_code(report(15))["mixed_languages"].count == 15


# --- a test table ---------------------------------------------------------------------------------------------


def test_leakage_and_labels_that_only_the_test_has() -> None:
    train = clean_table()
    texts = [train.column("text")[3].upper() + "!", "something else entirely", train.column("text")[7], "and more"]
    found = checked(train, eval_table=table(texts, ["good", "fair", "poor", "good"]))
    assert (found["leakage"].count, found["leakage"].rows, found["leakage"].fix) == (2, (4, 8), "fix_leakage")
    assert (found["unseen_labels"].severity, found["unseen_labels"].examples) == ("error", ("fair",))


# --- the list of problems -------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", PROBLEMS)
def test_every_kind_is_a_sentence_with_facts(code: str) -> None:
    kind = PROBLEMS[code]
    facts = {name for _, name, _, _ in Formatter().parse(kind.template) if name} - {"count"}
    made = problem(code, 3, [1, 2, 3], **{name: f"<{name}>" for name in facts})
    assert made.message == kind.template.format(count=3, **{name: f"<{name}>" for name in facts})
    assert set(made.params) == facts | {"count"}
    assert kind.fix in ("", *FIXES)
    assert kind.template[0].isupper() and kind.template[-1] == "."


def test_every_fix_mends_something() -> None:
    assert {kind.fix for kind in PROBLEMS.values()} == {"", *FIXES}


# --- speed ----------------------------------------------------------------------------------------------------


def test_many_rows_in_seconds() -> None:
    n = 40_000
    rng = random.Random(3)
    vocabulary = [f"w{i}" for i in range(20_000)]
    weights = [1 / (i + 5) for i in range(20_000)]
    words = rng.choices(vocabulary, weights, k=15 * n)
    texts = [" ".join(words[i * 15 : i * 15 + 15]) for i in range(n)]
    data = table(texts, [f"c{i % 9}" for i in range(n)])
    start = time.process_time()
    report = check(data, limits=Limits())
    assert report.usable_rows == n
    assert time.process_time() - start < 15  # about 2 on two quiet cores; 100,000 rows take about 6


def test_one_template_a_hundred_thousand_times_stays_fast() -> None:
    data = table([f"your order number {i} from the blue shop is on its way to you" for i in range(50_000)], ["a", "b"] * 25_000)
    start = time.process_time()
    assert checked(data)["similar_texts"].count == 49_999
    assert time.process_time() - start < 20
