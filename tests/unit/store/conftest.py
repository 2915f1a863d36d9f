"""A store on a temporary folder, and runs to put into it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ptm_demo.results import CurvePoint, Interval, RunSummary
from ptm_demo.store import RunDraft, RunStore

FACTS: dict[str, Any] = {
    "name": "reviews",
    "base_model": "builtin:minilm",
    "base_revision": "abc",
    "preset": "quick",
    "labels": ["bad", "good"],
    "rows": 240,
    "accuracy": 0.9,
    "accuracy_interval": Interval(0.85, 0.94, "wilson"),
    "macro_f1": 0.89,
    "seconds": 12,
}


def fill(draft: RunDraft, weights: bytes = b"\x00\x01" * 500) -> None:
    """The files of a run, small."""
    for folder in ("adapter", "tokenizer"):
        (draft.path / folder).mkdir()
    (draft.path / "adapter" / "adapter_model.safetensors").write_bytes(weights)
    (draft.path / "adapter" / "adapter_config.json").write_text('{"base_model_name_or_path": "/tmp", "r": 8}')
    (draft.path / "tokenizer" / "tokenizer.json").write_text("{}")
    draft.write("labels.json", ["bad", "good"])
    draft.write("base.json", {"model_id": "builtin:minilm", "path": str(draft.path)})
    draft.write("history.json", [CurvePoint(1, 0.5, loss=float("nan")), CurvePoint(2, 1.0, eval_loss=0.25)])
    draft.write("heldout.json", [{"row": 3, "text": "a secret row"}])


def keep(store: RunStore, **facts: Any) -> RunSummary:
    with store.draft() as draft:
        fill(draft)
        return store.commit(draft, **{**FACTS, **facts})


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "runs")
