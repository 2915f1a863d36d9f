"""The example tables are what EXAMPLES says of them, two of them clean and one dirty in every way it should be."""

from __future__ import annotations

import pytest

from ptm_demo.data import EXAMPLES, FIXES, Example, apply_fixes, check, guess_columns, read_csv, split, usable
from ptm_demo.data.normalise import loose_key

CLEAN = EXAMPLES[:2]
DIRTY = EXAMPLES[2]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name)
def test_facts(example: Example) -> None:
    data = read_csv(example.path)
    guess = guess_columns(data)
    assert (guess.text_column, guess.label_column) == (example.text_column, example.label_column)
    assert guess.text_confidence >= 0.7 and guess.label_confidence >= 0.7
    assert len(data) == example.rows
    fixed = apply_fixes(data, example.text_column, example.label_column, FIXES).table
    rows = usable(fixed, example.text_column, example.label_column)
    assert len(set(rows.labels)) == example.classes >= 4
    assert all(len(set(part.labels)) == example.classes for part in (split(rows).train, split(rows).eval, split(rows).test))


@pytest.mark.parametrize("example", CLEAN, ids=lambda e: e.name)
def test_the_clean_ones_are_clean(example: Example) -> None:
    data = read_csv(example.path)
    report = check(data)
    assert report.problems == ()
    assert 240 <= report.usable_rows == example.rows
    assert max(report.labels.values()) == min(report.labels.values())
    texts = data.column(example.text_column)
    assert len({loose_key(text) for text in texts}) == len(texts)
    assert report.suggested_model == {"en": "builtin:minilm", "zh": "builtin:e5-small"}[example.language]
    assert set(report.languages) == {example.language}


@pytest.mark.parametrize("example", CLEAN, ids=lambda e: e.name)
def test_their_sentences_follow_no_template(example: Example) -> None:
    """No opening of two words (four characters in Chinese) is that of more than a twentieth of the rows."""
    texts = read_csv(example.path).column(example.text_column)
    openings = [text[:4] if example.language == "zh" else " ".join(text.casefold().split()[:2]) for text in texts]
    assert max(openings.count(opening) for opening in set(openings)) <= len(texts) / 20


def test_the_dirty_one_shows_what_a_report_is_for() -> None:
    data = read_csv(DIRTY.path)
    report = check(data)
    assert (report.delimiter, report.encoding) == (";", "cp1252")
    assert "id" in data.columns and "stars" in data.columns
    codes = {problem.code for problem in report.problems}
    assert codes >= {
        "guessed_encoding", "repeated_headers", "rows_too_long", "rows_too_short", "empty_texts", "empty_labels", "placeholder_texts",
        "stray_whitespace", "control_characters", "label_variants", "exact_duplicates", "near_duplicates", "similar_texts",
        "conflicting_labels", "single_row_classes", "rare_classes", "long_texts",
    }  # fmt: skip
    assert not [problem for problem in report.problems if problem.severity == "error"]
    fixed = apply_fixes(data, report.text_column, report.label_column, FIXES).table
    assert not [problem for problem in check(fixed, report.text_column, report.label_column).problems if problem.fix]
