"""axe-core on an open page: no serious and no critical violation, but for the framework's own that are listed by name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from scripts.browser import axe_script

ROOT = Path(__file__).resolve().parents[3]
ALLOWED_FILE = ROOT / "tests" / "e2e" / "axe_allowed.json"
SERIOUS = {"serious", "critical"}


@dataclass(frozen=True)
class Allowed:
    """A violation that the framework causes: axe's rule, a part of the element's HTML, why it stands, and its upstream issue."""

    rule: str
    html: str
    reason: str
    upstream: str


@dataclass(frozen=True)
class Violation:
    """One element that breaks one rule."""

    rule: str
    impact: str
    selector: str
    html: str
    summary: str

    def __str__(self) -> str:
        return f"[{self.impact}] {self.rule} at {self.selector}\n      {self.html}\n      {' '.join(self.summary.split())}"


def allowed() -> tuple[Allowed, ...]:
    return tuple(Allowed(**item) for item in json.loads(ALLOWED_FILE.read_text("utf-8")))


def violations(page: Page, within: str = "") -> list[Violation]:
    """Every serious or critical violation on the page as it stands now (or below the selector `within`), listed ones too."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(axe_script(ROOT).read_text("utf-8"))
    found: dict[str, Any] = page.evaluate("(within) => axe.run(within || document, { resultTypes: ['violations'] })", within)
    return [
        Violation(item["id"], item["impact"], " ".join(map(str, node["target"])), node["html"][:300], node.get("failureSummary", ""))
        for item in found["violations"]
        if item["impact"] in SERIOUS
        for node in item["nodes"]
    ]


def assert_accessible(page: Page, within: str = "") -> None:
    """Raise AssertionError naming each serious or critical violation that the list does not name."""
    listed = allowed()
    left = [one for one in violations(page, within) if not any(one.rule == a.rule and a.html in one.html for a in listed)]
    assert not left, f"axe-core found {len(left)} serious or critical violations:\n" + "\n".join(f"  {one}" for one in left)
