"""From an upload to an answer, as a person does it: on real weights, in English and in Chinese, wide and narrow, light and dark."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from playwright.sync_api import Page, expect

from ptm_demo.data import EXAMPLES
from tests.e2e.harness.accessibility import assert_accessible
from tests.e2e.harness.browser import overflow, settle, shot

TRAINING_MS = 600_000  # a minute on two quiet cores

JOURNEYS = [("en", "support_en", "builtin:minilm"), ("zh", "feedback_zh", "builtin:e5-small")]


def example_rows(name: str) -> list[tuple[str, str]]:
    example = next(e for e in EXAMPLES if e.name == name)
    with Path(example.path).open(encoding="utf-8-sig", newline="") as file:
        return [(row[example.text_column], row[example.label_column]) for row in csv.DictReader(file)]


def small_csv(name: str, folder: Path, each: int = 24) -> Path:
    """A small table of the example's rows with a column in front that is neither text nor label."""
    kept: dict[str, int] = {}
    path = folder / f"{name}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["no", "text", "label"])
        for number, (text, label) in enumerate(example_rows(name)):
            if kept.setdefault(label, 0) < each:
                kept[label] += 1
                writer.writerow([number, text, label])
    return path


def look_at(page: Page, name: str) -> None:
    """A picture of the screen in both widths, light and dark, and what must hold in each of them."""
    for width, height in ((1280, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        for look in ("light", "dark"):
            page.evaluate("(dark) => document.body.classList.toggle('dark', dark)", look == "dark")
            settle(page)
            shot(page, f"{name}-{width}-{look}")
            assert overflow(page) == 0, f"{name} scrolls sideways at {width} px"
            assert_accessible(page)
    page.set_viewport_size({"width": 1280, "height": 900})


def upload(page: Page, path: Path) -> None:
    page.locator("#data-file input[type=file]").set_input_files(path)
    expect(page.locator("#data-next")).to_be_visible()


@pytest.mark.screens
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("language", "example", "model"), JOURNEYS, ids=["en", "zh"])
def test_from_upload_to_answer(visit: Callable[..., Any], tmp_path: Path, language: str, example: str, model: str) -> None:
    page, _ = visit(locale=language)

    upload(page, small_csv(example, tmp_path))
    expect(page.locator("#text-column input")).to_have_value("text")
    expect(page.locator("#label-column input")).to_have_value("label")
    look_at(page, f"journey-1-data-{language}")

    page.locator("#data-next").click()
    expect(page.locator("#report-figures dl.tiles")).to_be_visible()
    look_at(page, f"journey-2-report-{language}")

    page.locator("#report-next").click()
    expect(page.locator("#plan-model input")).to_have_value(model)
    page.locator("#plan-preset input[value=quick]").check()
    page.locator("#plan-name input").or_(page.locator("#plan-name textarea")).fill(f"journey {language}")
    expect(page.locator("#plan-estimate dl.tiles")).to_be_visible(timeout=120_000)
    look_at(page, f"journey-3-plan-{language}")

    page.locator("#plan-start").click()
    expect(page.locator("#train-stop")).to_be_visible(timeout=20_000)
    page.reload()  # closing or reloading loses nothing: the page finds its job again
    expect(page.locator("#train-judge")).to_be_visible(timeout=TRAINING_MS)
    look_at(page, f"journey-4-train-{language}")

    page.locator("#train-judge").click()
    expect(page.locator("#judge-figures dl.tiles")).to_be_visible()
    expect(page.locator("#judge-verdict")).not_to_be_empty()
    look_at(page, f"journey-5-judge-{language}")
    page.locator("#judge-confusion [data-testid=cell-0-1]").click()
    expect(page.locator("#judge-cell")).to_be_visible()

    page.locator("#judge-keep").click()
    expect(page.locator("#keep-runs")).to_contain_text(f"journey {language}")
    look_at(page, f"journey-6-keep-{language}")
    with page.expect_download(timeout=60_000) as download:
        page.locator("#keep-download-adapter").click()
    assert "adapter_model.safetensors" in {Path(name).as_posix() for name in ZipFile(download.value.path()).namelist()}

    page.locator("#tab-classify-button").click()
    page.locator("#classify-refresh").click()
    expect(page.locator("#classify-model input")).to_have_value(f"journey {language}")
    text, label = example_rows(example)[0]
    page.locator("#classify-text textarea").fill(text)
    page.locator("#classify-ask").click()
    expect(page.locator("#classify-answer")).to_contain_text(label, timeout=60_000)
    look_at(page, f"journey-7-classify-{language}")


def test_a_bad_file_gets_one_sentence_and_the_table_before_it_stays(visit: Callable[..., Any], tmp_path: Path) -> None:
    page, _ = visit()
    upload(page, small_csv("support_en", tmp_path, each=4))
    bad = tmp_path / "sheet.csv"
    bad.write_bytes(b"PK\x03\x04" + b"\0" * 200)
    page.locator("#data-file input[type=file]").set_input_files(bad)
    expect(page.locator("#data-notice")).to_contain_text("Expected a CSV or TSV table")
    expect(page.locator("#data-facts")).to_contain_text("support_en.csv")
    assert "Traceback" not in page.content()


def test_hostile_names_and_labels_run_nothing(visit: Callable[..., Any], tmp_path: Path) -> None:
    page, watch = visit()
    payloads = [
        "<img src=x onerror=alert(1)>",
        "<script>alert(2)</script>",
        "[x](javascript:alert(3))",
        "$$\\href{javascript:alert(4)}{x}$$",
    ]
    path = tmp_path / "img src=x onerror=alert(5).csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "<svg onload=alert(6)>"])
        for number in range(60):
            writer.writerow([f"{payloads[number % 4]} a sentence about number {number}", payloads[number % 4]])
    upload(page, path)
    page.locator("#data-next").click()
    expect(page.locator("#report-figures dl.tiles")).to_be_visible()
    settle(page)
    page.wait_for_timeout(500)
    assert watch.dialogs == []


def test_the_language_switch_keeps_the_choice(visit: Callable[..., Any]) -> None:
    page, _ = visit()
    page.locator("#language-switch").click()
    page.wait_for_url(re.compile(r"/zh"))
    expect(page.locator("h1")).to_have_text("预训练模型工作室")
    page.locator("#language-switch").click()
    expect(page.locator("h1")).to_have_text("Pretrained Model Studio")
