"""Fixtures of the tests in a browser: one Chromium and one studio for them all, a fresh page for each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest

from scripts.browser import what_is_missing
from tests.e2e.harness.studio import ROOT, Studio, running_studio

HERE = Path(__file__).parent
StartStudio = Callable[..., AbstractContextManager[Studio]]
_STUDIO = pytest.StashKey[list[Studio]]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder, and skip it where there is no browser; in CI that is a failure instead."""
    missing = what_is_missing(ROOT)
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if missing and not os.environ.get("CI"):
                item.add_marker(pytest.mark.skip(reason=f"no browser test here: {missing}"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show what the studio printed beside a failure."""
    report = yield
    if report.failed and "studio" in getattr(item, "fixturenames", ()):
        for studio in item.session.stash.get(_STUDIO, []):
            report.sections.append(("studio's output", studio.log()))
    return report


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    # Imported here, so that collecting these tests needs no Playwright. It is closed with the package: while it is open,
    # nothing else in this process can run an event loop of its own.
    from playwright.sync_api import sync_playwright

    from tests.e2e.harness.browser import chromium

    with sync_playwright() as playwright, chromium(playwright) as opened:
        yield opened


@pytest.fixture(scope="package")
def start_studio(tmp_path_factory: pytest.TempPathFactory, models_cache: Path) -> StartStudio:
    """`with start_studio(environ={…}) as studio:` a studio of the test's own; `home=` to start again on an old home."""

    def start(home: Path | None = None, **options: Any) -> AbstractContextManager[Studio]:
        if home is None:
            home = tmp_path_factory.mktemp("studio") / "home"
            home.mkdir()
            (home / "models").symlink_to(models_cache, target_is_directory=True)
        return running_studio(home, **options)

    return start


@pytest.fixture(scope="package")
def studio(request: pytest.FixtureRequest, start_studio: StartStudio) -> Iterator[Studio]:
    """One studio, started once and shared by the tests that leave it as they found it."""
    with start_studio() as running:
        request.session.stash.setdefault(_STUDIO, []).append(running)
        yield running


@pytest.fixture
def visit(browser: Any, studio: Studio) -> Iterator[Callable[..., Any]]:
    """`page, watch = visit(width=390, theme="dark", locale="zh")`: a new visitor on the shared studio.

    When the test has passed, every such page must have behaved: no console error, no request to another host, no dialog.
    """
    from tests.e2e.harness.browser import Watch, open_page

    watches: list[Watch] = []
    with ExitStack() as stack:

        def opened(**options: Any) -> tuple[Any, Watch]:
            page, watch = stack.enter_context(open_page(browser, studio.base_url, **options))
            watches.append(watch)
            return page, watch

        yield opened
        for watch in watches:
            watch.assert_clean()
