"""The documents of the command line and of Python: every command and every block is run, on a tiny model."""

from __future__ import annotations

import inspect
import re
import shlex
from pathlib import Path

import pytest

from .conftest import Ptm

ROOT = Path(__file__).resolve().parents[3]
HOW_TO = ROOT / "docs" / "how-to" / "train-from-the-command-line.md"
PYTHON = ROOT / "docs" / "reference" / "python.md"
CLI = ROOT / "docs" / "reference" / "cli.md"


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_the_reference_is_the_programs_own() -> None:
    from ptm_demo.cli.reference import render

    assert CLI.read_text("utf-8") == render(), "python -m ptm_demo.cli.reference > docs/reference/cli.md"


def test_the_how_to_works_from_top_to_bottom(ptm: Ptm, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ptm_demo").symlink_to(ROOT / "ptm_demo", target_is_directory=True)
    (tmp_path / "test.csv").write_text("text,label\nthe box arrived broken,damaged\nI was charged twice,payment\n", "utf-8")
    (tmp_path / "new.csv").write_text("text\nwhere is my parcel\n", "utf-8")
    lines = [line for block in blocks(HOW_TO, "bash") for line in block.strip().splitlines()]
    assert {line.split()[3] for line in lines} == {"check", "train", "evaluate", "predict", "export"}
    for line in lines:
        assert line.startswith("python -m ptm_demo ")
        words = shlex.split(line)[3:]
        if words[0] == "train":  # the real model would take a minute
            words += ["--model", str(tiny), "--epochs", "1"]
        done = ptm(*words)
        assert done.status == 0, (line, done.err)
        assert done.out
    made = {path.name for path in tmp_path.iterdir()}
    assert {"clean.csv", "my-run", "answered.csv", "my-adapter", "my-model"} <= made


def test_the_sample_outputs_name_what_the_program_prints(ptm: Ptm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    report = ptm("check", "ptm_demo/data/examples/messy_en.csv").out
    for line in blocks(HOW_TO, "text")[0].splitlines():
        assert line in report


def test_the_python_page_works_from_top_to_bottom(tiny: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PTM_HOME", str(home))
    names: dict[str, object] = {}
    for block in blocks(PYTHON, "python"):
        exec(compile(block.replace("builtin:minilm", str(tiny)), str(PYTHON), "exec"), names)  # noqa: S102 - our own page
    assert list(names["clf"].classes_) == ["down", "up"]  # type: ignore[attr-defined]
    assert (tmp_path / "my-classifier" / "manifest.json").exists()


def test_the_python_page_names_every_argument() -> None:
    from ptm_demo import TextClassifier

    table = PYTHON.read_text("utf-8").split("## Arguments")[1].split("## Attributes")[0]
    named = {name for row in table.splitlines() if row.startswith("| `") for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert named == set(inspect.signature(TextClassifier).parameters)
