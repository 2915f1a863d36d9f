"""The page opens, in both languages, looks and widths, and every tab on it is clean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

VISITORS = [(width, theme, locale) for locale in ("en", "zh") for width in (1280, 390) for theme in ("light", "dark")]


def test_the_page_opens_and_asks_nobody_else(visit: Callable[..., Any]) -> None:
    page, watch = visit()
    assert "Pretrained Model Studio" in page.title()
    assert page.locator("html").get_attribute("lang") == "en"
    assert watch.foreign_requests == []


def test_a_chinese_browser_is_led_to_the_chinese_page(visit: Callable[..., Any]) -> None:
    page, _ = visit(locale="zh", path="/")
    assert page.url.rstrip("/").endswith("/zh")
    assert page.locator("html").get_attribute("lang") == "zh-CN"


@pytest.mark.screens
@pytest.mark.parametrize(("width", "theme", "locale"), VISITORS, ids=lambda value: str(value))
def test_every_tab_is_accessible_and_fits(visit: Callable[..., Any], width: int, theme: str, locale: str) -> None:
    from tests.e2e.harness.accessibility import assert_accessible
    from tests.e2e.harness.browser import open_every_tab, overflow, shot

    page, _ = visit(width=width, theme=theme, locale=locale)
    assert page.evaluate("() => document.body.classList.contains('dark')") is (theme == "dark")
    problems = []
    for name in open_every_tab(page):
        shot(page, f"{name}-{locale}-{width}-{theme}")
        if overflow(page):
            problems.append(f"{name} scrolls sideways at {width} px")
        try:
            assert_accessible(page)
        except AssertionError as error:
            problems.append(f"{name}: {error}")
    assert not problems, "\n".join(problems)
