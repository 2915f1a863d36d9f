"""Headless Chromium through Playwright, with everything watched that a page may do wrong without showing it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Playwright, Response, expect

from scripts.browser import find_chromium

ROOT = Path(__file__).resolve().parents[3]
SHOTS = ROOT / "shots"
# The first three let it run as root without a screen; the rest keep it from calling its maker at every start.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# The page's own height on the two widths that people have: a laptop and a phone.
HEIGHTS = {390: 844}

# Gradio lays a tracker over each component that an event fills; it has the class "hide" while nothing is pending.
BUSY_NONE = "() => ![...document.querySelectorAll('[data-testid=status-tracker]:not(.hide)')].some(one => one.checkVisibility())"

# What the framework's client says when a page is left while its stream is open (a reload, the language switch).
ON_LEAVING = ("AbortError: signal is aborted", "Connection errored out", "BodyStreamBuffer was aborted")

Theme = Literal["light", "dark"]
Locale = Literal["en", "zh"]
BROWSER_LOCALES = {"en": "en-US", "zh": "zh-CN"}


@dataclass
class Watch:
    """What a page did besides what was asked: console errors, uncaught exceptions, requests to other hosts, dialogs, failed requests."""

    host: str
    console_errors: list[str] = field(default_factory=list)
    page_errors: list[str] = field(default_factory=list)
    foreign_requests: list[str] = field(default_factory=list)
    bad_answers: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def follow(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.page_errors.append(str(error)))
        page.on("request", lambda request: self._request(request.url))
        page.on("websocket", lambda socket: self._request(socket.url))
        page.on("response", self._response)
        page.on("dialog", self._dialog)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(said in message.text for said in ON_LEAVING):
            self.console_errors.append(f"{message.text} ({message.location.get('url', '')})")

    def _request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"data", "blob", "about"} and parts.netloc != self.host:
            self.foreign_requests.append(url)

    def _response(self, answer: Response) -> None:
        if answer.status >= 400:
            self.bad_answers.append(f"{answer.status} {answer.url}")

    def _dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def assert_clean(self) -> None:
        """Raise AssertionError naming everything that happened, unless nothing did."""
        found = {part.name: getattr(self, part.name) for part in fields(self) if part.name != "host" and getattr(self, part.name)}
        assert not found, "the page did more than it should:\n" + "\n".join(
            f"  {name}: {one}" for name, seen in found.items() for one in dict.fromkeys(seen)
        )


@contextmanager
def chromium(playwright: Playwright) -> Iterator[Browser]:
    expect.set_options(timeout=30_000)  # a busy machine takes longer than Playwright's five seconds
    browser = playwright.chromium.launch(executable_path=find_chromium(), headless=True, args=FLAGS)
    try:
        yield browser
    finally:
        browser.close()


@contextmanager
def open_page(
    browser: Browser, base_url: str, *, width: int = 1280, theme: Theme = "light", locale: Locale = "en", path: str | None = None
) -> Iterator[tuple[Page, Watch]]:
    """A new visitor's page: own storage, of that width, whose system asks for that theme and that language.

    Args:
        path: where it goes first; by default the page of the locale.
    """
    context = browser.new_context(
        viewport={"width": width, "height": HEIGHTS.get(width, 900)},
        color_scheme=theme,
        locale=BROWSER_LOCALES[locale],
        is_mobile=False,
        has_touch=width < 600,
        reduced_motion="reduce",
        accept_downloads=True,
    )
    context.set_default_timeout(30_000)
    page = context.new_page()
    watch = Watch(urlsplit(base_url).netloc)
    watch.follow(page)
    try:
        page.goto(base_url + (path if path is not None else "/zh" if locale == "zh" else "/"), wait_until="domcontentloaded")
        # Never wait for an idle network: the page keeps a stream open. The first tab is the sign that it is built.
        expect(page.get_by_role("tab").first).to_be_visible()
        yield page, watch
    finally:
        context.close()


def settle(page: Page) -> None:
    """Wait until no visible component is busy, the fonts are there, and two frames have been drawn."""
    page.wait_for_function(BUSY_NONE)
    page.evaluate("() => document.fonts.ready.then(() => true)")
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def open_every_tab(page: Page) -> Iterator[str]:
    """Open each tab that can be seen, those inside tabs too, one after the other; yields the open one's name.

    Raises:
        AssertionError: there is none.
    """
    seen: set[str] = set()
    while True:
        shown = [tab for tab in page.locator("#studio-tabs [role=tab]").all() if tab.is_visible()]
        # The last one first: tabs inside the open tab come before its neighbour hides them.
        tab = next((tab for tab in reversed(shown) if tab.get_attribute("aria-controls") not in seen), None)
        if tab is None:
            break
        name = tab.get_attribute("aria-controls") or ""
        seen.add(name)
        tab.click()
        settle(page)
        yield name
    assert seen, "the page has no tabs"


def shot(page: Page, name: str) -> Path:
    """A PNG of the whole page in shots/, for people to look at; its path."""
    SHOTS.mkdir(exist_ok=True)
    path = SHOTS / f"{name}.png"
    page.screenshot(path=path, full_page=True, animations="disabled")
    return path


def overflow(page: Page) -> int:
    """CSS pixels by which the page is wider than its window; 0 when it does not scroll sideways."""
    return int(page.evaluate("() => Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)"))
