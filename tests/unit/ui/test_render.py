import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ptm_demo.ui.render import duration, escape_markdown, megabytes, progress_bar, shorten, tiles

HOSTILE = [
    "<script>alert(1)</script>",
    "[click](javascript:alert(1))",
    "![x](http://example.invalid/a.png)",
    "**bold** _it_ `code` # head",
    "<img src=x onerror=alert(1)>",
    "$$\\href{javascript:alert(1)}{x}$$",
    "a & b &lt; c",
    "| a | b |",
    "1. one",
    "- item",
]


def shown(text: str) -> str:
    """What a reader sees of Markdown: an independent renderer's HTML, without tags."""
    rendered = MarkdownIt("commonmark").enable("table").render(f"x {text}")
    assert set(re.findall(r"<(/?\w+)", rendered)) <= {"p", "/p"}, rendered
    return html.unescape(re.sub(r"</?p>", "", rendered)).strip()[2:]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_stranger_wrote_is_shown_as_it_is_written(text: str) -> None:
    assert shown(escape_markdown(text)) == text


@given(st.text(alphabet=st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=60))
def test_any_text_survives_the_escape(text: str) -> None:
    flat = " ".join(text.split())
    assert shown(escape_markdown(text)).strip() == flat


def test_tiles_escape_their_facts() -> None:
    assert "<b>" not in tiles([("<b>", "<b>", "<b>")])


def test_shorten_keeps_short_texts_and_marks_cut_ones() -> None:
    assert shorten("a  b\nc", 10) == "a b c"
    assert shorten("x" * 30, 10) == "x" * 9 + "…"


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (65, "1:05"), (3723, "1:02:03"), (-3, "0:00")])
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(("size", "text"), [(10, "1 kB"), (3 * 2**20, "3 MB"), (1.5 * 2**30, "1.5 GB")])
def test_megabytes(size: float, text: str) -> None:
    assert megabytes(size) == text


def test_a_bar_without_a_fraction_claims_no_number() -> None:
    assert "aria-valuenow" not in progress_bar(None, "x")
    assert 'aria-valuenow="50.0"' in progress_bar(0.5, "x")
