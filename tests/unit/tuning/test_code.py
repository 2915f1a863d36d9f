"""The code that is shown beside a run, really run."""

from __future__ import annotations

import json
import runpy
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

from ptm_demo.cli.main import main
from ptm_demo.hubs import Hubs
from ptm_demo.ids import new_id
from ptm_demo.progress import CancelToken, ignore
from ptm_demo.results import RunMetrics
from ptm_demo.settings import Settings
from ptm_demo.store import Run, RunStore
from ptm_demo.tuning import TuneConfig, reproduce_command, reproduce_script
from ptm_demo.tuning.job import handle_train
from tests.tiny import build
from tests.unit.tuning.conftest import rows


class Context:
    def __init__(self, folder: Path) -> None:
        self.folder, self.report, self.cancel, self.resumed = folder, ignore, CancelToken(), False
        self.job_id, self.owner = new_id(), "local"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PTM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PTM_OFFLINE", "1")
    monkeypatch.setenv("PTM_THREADS", "1")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def trained(home: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Run:
    """A run over a file with something to mend, an own test file when the test asks for one, and options of its own."""
    own_test, options = request.param
    data = rows(120)
    lines = [f'"  {text} ",{label}' if number % 7 == 0 else f"{text},{label}" for number, (text, label) in
             enumerate(zip(data.texts, data.labels, strict=True))]  # fmt: skip
    Path("film reviews.csv").write_text("\n".join(["text,label", *lines, lines[0], ",good"]) + "\n", "utf-8")
    Path("judge.csv").write_text("text,label\nthe film is good good,good\nfood awful awful 7,bad\nroom great 3,good\n", "utf-8")
    model = str(build("bert", tmp_path, head="none", std=0.3))
    settings = Settings.from_env()
    pulled = Hubs(settings, allow_local=True).pull(model)
    config = TuneConfig.of("quick", model_id=model, epochs=2, batch_size=8, seed=3, **options)
    payload: dict[str, Any] = {
        "dataset": "film reviews.csv", "text_column": "text", "label_column": "label", "fixes": ["trim", "drop_empty", "drop_duplicates"],
        "eval_dataset": "judge.csv" if own_test else None, "config": config.to_dict(), "base": {**asdict(pulled), "path": str(pulled.path)},
        "owner": "local", "name": "", "runs_dir": str(settings.runs_dir), "threads": 1,
    }  # fmt: skip
    found = handle_train(payload, Context(tmp_path / "job"))  # type: ignore[arg-type]
    return RunStore(settings.runs_dir).get(found["run_id"])


OPTIONS = [
    (False, {"learning_rate": 0.01, "class_weights": True, "target_modules": ("query", "value")}),
    (True, {"lora_r": 4, "max_length": 24, "early_stopping_patience": 0}),
]


@pytest.mark.parametrize("trained", OPTIONS, indirect=True)
def test_the_script_gives_the_same_metrics(trained: Run, home: Path, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    script = tmp_path / "again.py"
    script.write_text(reproduce_script(trained), "utf-8")
    names = runpy.run_path(str(script), run_name="__main__")
    again = RunStore(home / "runs").get(names["run"].id)
    assert again.summary.id != trained.summary.id
    assert again.read("metrics.json", RunMetrics) == trained.read("metrics.json", RunMetrics)
    assert again.read("config.json", dict[str, Any]) == trained.read("config.json", dict[str, Any])


@pytest.mark.parametrize("trained", OPTIONS, indirect=True)
def test_the_command_gives_the_same_metrics(trained: Run, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = shlex.split(reproduce_command(trained))
    assert words[:4] == ["python", "-m", "ptm_demo", "train"]
    assert "--seed" in words
    capsys.readouterr()
    assert main([*words[3:], "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    again = RunStore(home / "runs").get(found["id"])
    assert again.read("metrics.json", RunMetrics) == trained.read("metrics.json", RunMetrics)
