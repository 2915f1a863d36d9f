"""A model from a hub, in the page: pulled by its id and tuned; and what the page says when the hub does not do its part."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import tiny
from tests.e2e.harness.browser import open_page
from tests.e2e.harness.studio import Studio
from tests.hubserver import Fault, HubServer, repo_of

MODEL = "someone/tiny-bert"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubServer]:
    folder = tiny.build("bert", tmp_path_factory.mktemp("hub"))
    with HubServer({MODEL: repo_of(folder), "someone/gated": repo_of(folder, gated="manual")}) as server:
        yield server


@pytest.fixture(scope="module")
def hub_studio(
    start_studio: Callable[..., Any], hub: HubServer, models_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Studio]:
    home = tmp_path_factory.mktemp("hub-studio") / "home"
    (home / "models").mkdir(parents=True)  # what is pulled here stays here; only the built-in models are shared
    (models_cache / "builtin").mkdir(exist_ok=True)
    (home / "models" / "builtin").symlink_to(models_cache / "builtin", target_is_directory=True)
    with start_studio(home, environ={"HF_ENDPOINT": hub.url, "PTM_OFFLINE": "0", "PTM_HUB_TIMEOUT": "5"}) as studio:
        yield studio


@pytest.fixture
def page(browser: Any, hub_studio: Studio, tmp_path: Path) -> Iterator[Page]:
    """A visitor at the Plan step with a small table."""
    path = tmp_path / "small.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for number in range(40):
            writer.writerow([f"the {'good' if number % 2 else 'bad'} film number {number}", "up" if number % 2 else "down"])
    with open_page(browser, hub_studio.base_url) as (opened, watch):
        opened.locator("#data-file input[type=file]").set_input_files(path)
        opened.locator("#data-next").click()
        expect(opened.locator("#report-figures dl.tiles")).to_be_visible()
        opened.locator("#report-next").click()
        expect(opened.locator("#plan-why")).to_contain_text("MiniLM")
        yield opened
        watch.assert_clean()


def choose(page: Page, model_id: str) -> None:
    page.locator("#plan-model input").fill(model_id)
    page.locator("#plan-model input").press("Enter")
    page.locator("#plan-model input").press("Tab")


def test_a_model_is_pulled_by_its_id_and_tuned(page: Page, hub: HubServer) -> None:
    choose(page, MODEL)
    page.locator("#plan-preset input[value=quick]").check()
    page.locator("#plan-start").click()
    expect(page.locator("#train-judge")).to_be_visible(timeout=240_000)
    assert any(f"/{MODEL}/resolve/" in request and "safetensors" in request for request in hub.requests)
    page.locator("#train-judge").click()
    expect(page.locator("#judge-figures dl.tiles")).to_be_visible()


@pytest.mark.parametrize(
    ("model_id", "said"),
    [
        ("someone/no-such-model", "there is none"),
        ("not a model id", "Expected a model id"),
        ("someone/gated", "gated"),
        ("../../etc/passwd", "Expected a model id"),
    ],
)
def test_a_model_that_cannot_be_had_gets_one_sentence(page: Page, model_id: str, said: str) -> None:
    choose(page, model_id)
    page.locator("#plan-start").click()
    expect(page.locator("#plan-notice")).to_contain_text(said)
    expect(page.locator("#plan-start")).to_be_visible()  # still here, with everything that was chosen


def test_a_hub_that_does_not_answer_is_given_up_within_15_seconds(page: Page, hub: HubServer) -> None:
    hub.fault = Fault("silent")
    try:
        choose(page, "someone/silent-model")
        started = time.monotonic()
        page.locator("#plan-start").click()
        expect(page.locator("#plan-notice")).to_contain_text("Expected an answer from the Hub")
        assert time.monotonic() - started < 15
    finally:
        hub.fault = None
