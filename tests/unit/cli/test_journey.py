"""From a CSV to answers on real weights, as a shell sees it: streams, statuses, files."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ptm_demo.data import EXAMPLES

from .conftest import Ptm


def shell(*words: str | Path, home: Path) -> dict[str, Any]:
    """The one JSON object that a process prints with --json; nothing else may be on stdout."""
    done = subprocess.run(
        [sys.executable, "-m", "ptm_demo", *map(str, words), "--json"],
        capture_output=True, text=True, timeout=240, check=False,
        env={**os.environ, "PTM_HOME": str(home), "PTM_OFFLINE": "1", "PTM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    assert done.stdout.endswith("}\n")
    assert "\x1b" not in done.stderr
    assert "Warning" not in done.stderr
    value = json.loads(done.stdout)
    assert isinstance(value, dict)
    return value


@pytest.mark.slow
def test_from_a_csv_to_answers(ptm: Ptm, home: Path, tmp_path: Path) -> None:
    example = next(example for example in EXAMPLES if example.language == "en")
    with example.path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    kept = sorted({row[example.label_column] for row in rows})[:3]
    some = [row for label in kept for row in [row for row in rows if row[example.label_column] == label][:27]]
    parts = {
        "data.csv": [row for i, row in enumerate(some) if i % 27 < 20],
        "test.csv": [row for i, row in enumerate(some) if i % 27 >= 20],
    }
    for name, part in parts.items():
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(part)
    data, test, run = tmp_path / "data.csv", tmp_path / "test.csv", tmp_path / "run"

    trained = shell("train", data, "--eval-csv", test, "--preset", "quick", "--out", run, home=home)
    assert trained["config"]["model_id"] == "builtin:minilm"
    assert trained["rows"]["train"] + trained["rows"]["eval"] == 60
    assert trained["rows"]["test"] == 21
    majority = next(baseline for baseline in trained["baselines"] if baseline["name"] == "majority")
    assert trained["metrics"]["accuracy"] > majority["accuracy"] + 0.2  # it learned
    assert trained["rows_per_second"] > 0

    judged = ptm("evaluate", run, test, "--json").json
    assert judged["metrics"]["accuracy"] == trained["metrics"]["accuracy"]
    assert judged["metrics"]["loss"] == pytest.approx(trained["metrics"]["loss"], abs=1e-4)
    assert judged["labels"] == kept

    texts = [row[example.text_column] for row in parts["test.csv"]]
    answers = ptm("predict", run, "--text", *texts, "--json").json["predictions"]
    right = sum(answer["label"] == row[example.label_column] for answer, row in zip(answers, parts["test.csv"], strict=True))
    assert right / len(texts) == pytest.approx(judged["metrics"]["accuracy"])

    adapter = ptm("export", run, "--format", "adapter", "--out", tmp_path / "adapter", "--json").json
    merged = ptm("export", run, "--format", "merged", "--out", tmp_path / "merged", "--json").json
    assert adapter["bytes"] < 10_000_000 < merged["bytes"]


def test_an_error_in_a_process_of_its_own_is_one_line(home: Path, tmp_path: Path) -> None:
    for words in (["train", str(tmp_path / "missing.csv")], ["train"], ["predict", "no-such-run", "--text", "x", "--json"]):
        done = subprocess.run(
            [sys.executable, "-m", "ptm_demo", *words],
            capture_output=True, text=True, timeout=120, check=False, env={**os.environ, "PTM_HOME": str(home)},
        )  # fmt: skip
        assert done.returncode == 2
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 1
        assert done.stderr.startswith("Expected ")


def test_help_answers_at_once() -> None:
    """Half a second is asked of a quiet machine; the best of five tells what the program needs, not what else runs."""
    import time

    taken = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "ptm_demo", "--help"], capture_output=True, timeout=60, check=True)
        taken.append(time.perf_counter() - began)
    assert min(taken) < 0.5
