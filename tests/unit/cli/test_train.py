"""`train` on a tiny model: the run, the JSON, stopping and going on, and everything it refuses."""

from __future__ import annotations

import json
import os
import resource
import shlex
import signal
import threading
import time
from pathlib import Path

import pytest

from .cases import BAD
from .conftest import Ptm

KEYS = {"run", "metrics", "baselines", "seconds", "rows_per_second"}
QUICK = ("--preset", "quick", "--learning-rate", "0.01")


def test_the_json_of_a_training(ptm: Ptm, films: Path, tiny: Path, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "run"
    done = ptm("train", films, "--model", tiny, *QUICK, "--epochs", "3", "--name", "Films", "--out", folder, "--json")
    assert done.status == 0, done.err
    assert done.out.count("\n") == 1
    result = done.json
    assert result.keys() >= KEYS
    assert result["run"] == result["path"] == str(folder)
    assert result["name"] == "Films"
    assert {"accuracy", "macro_f1", "n", "accuracy_interval"} <= result["metrics"].keys()
    assert [baseline["name"] for baseline in result["baselines"]] == ["majority", "tfidf", "frozen"]
    assert result["rows"] == {"train": 52, "eval": 6, "test": 14}
    assert sum(result["rows"].values()) == 72
    assert result["config"]["epochs"] == 3
    assert result["config"]["learning_rate"] == 0.01
    assert result["labels"] == ["down", "up"]
    assert sum(map(sum, result["confusion"])) == result["metrics"]["n"] == result["rows"]["test"]
    assert (folder / "manifest.json").exists()
    assert json.loads((folder / "metrics.json").read_text("utf-8"))["accuracy"] == result["metrics"]["accuracy"]


def test_a_run_joins_the_studios_runs(ptm: Ptm, films: Path, tiny: Path, tmp_path: Path) -> None:
    home = {"PTM_HOME": str(tmp_path / "home")}
    done = ptm("train", films, "--model", tiny, *QUICK, "--epochs", "1", **home)
    assert done.status == 0, done.err
    assert "on the same rows" in done.out
    assert "TF-IDF" in done.out
    assert "\x1b" not in done.out
    (run,) = ptm("runs", "list", "--json", **home).json["runs"]
    assert f"predict {run['id']}" in done.out
    assert run["owner"] == "local"  # so that the page shows it too
    assert run["name"].startswith("films")

    assert ptm("predict", run["id"], "--text", "this film is good", "--json", **home).status == 0
    assert ptm("runs", "rename", run["id"], "better name", "--json", **home).json["runs"][0]["name"] == "better name"
    assert "better name" in ptm("runs", "list", **home).out
    gone = ptm("runs", "rm", run["path"], "--json", **home).json
    assert gone["removed"] == run["id"]
    assert gone["bytes"] > 1000
    assert ptm("runs", "list", "--json", **home).json == {"runs": []}
    assert "no runs yet" in ptm("runs", "list", **home).out


def test_a_test_file_of_ones_own(ptm: Ptm, films: Path, tiny: Path, tmp_path: Path) -> None:
    test = tmp_path / "test.csv"
    test.write_text("text,label\nwe love this plot,up\nthe weather was awful,down\nwe hate the price,Down\n", "utf-8")
    words = ("train", films, "--model", tiny, *QUICK, "--epochs", "1", "--eval-csv", test, "--out", tmp_path / "run", "--json")
    refused = ptm(*words)
    assert refused.status == 2
    assert "“Down”" in refused.line
    done = ptm(*words, "--fix", "merge_labels")
    assert done.status == 0, done.err
    assert done.json["rows"]["test"] == done.json["metrics"]["n"] == 3


def test_the_command_that_a_run_tells_gives_the_same_metrics(
    ptm: Ptm, run_folder: Path, films: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ptm_demo.store import open_run
    from ptm_demo.tuning import reproduce_command

    monkeypatch.chdir(films.parent)
    words = shlex.split(reproduce_command(open_run(run_folder)))
    assert words[:4] == ["python", "-m", "ptm_demo", "train"]
    done = ptm(*words[3:], "--out", "again", "--json")
    assert done.status == 0, done.err
    first = json.loads((run_folder / "metrics.json").read_text("utf-8"))
    assert done.json["metrics"]["accuracy"] == first["accuracy"]
    assert done.json["metrics"]["loss"] == pytest.approx(first["loss"], abs=1e-6)


def test_ctrl_c_keeps_a_checkpoint_and_resume_ends_where_it_would_have(
    ptm: Ptm, films: Path, tiny: Path, tmp_path: Path, home: Path
) -> None:
    words = ("train", films, "--model", tiny, *QUICK, "--epochs", "12", "--early-stopping-patience", "0", "--seed", "5", "--json")
    whole = ptm(*words, "--out", tmp_path / "whole")
    assert whole.status == 0, whole.err
    assert not list((home / "checkpoints").glob("*/*"))

    def press() -> None:
        deadline = time.monotonic() + 60
        while not list((home / "checkpoints").glob("*/*")) and time.monotonic() < deadline:
            time.sleep(0.005)
        os.kill(os.getpid(), signal.SIGINT)

    finger = threading.Thread(target=press)
    finger.start()
    stopped = ptm(*words, "--out", tmp_path / "resumed")
    finger.join()
    assert stopped.status == 130
    assert stopped.out == ""
    assert stopped.line == "Stopped; run the same command with --resume to go on from its last checkpoint."
    assert not (tmp_path / "resumed").exists()

    resumed = ptm(*words, "--out", tmp_path / "resumed", "--resume")
    assert resumed.status == 0, resumed.err
    assert resumed.json["metrics"]["loss"] == pytest.approx(whole.json["metrics"]["loss"], abs=1e-6)
    assert not list((home / "checkpoints").glob("*/*"))


@pytest.mark.parametrize("name", ["empty", "one column", "one class", "three rows", "unclosed quote", "a label a row", "xlsx"])
def test_an_unusable_file_is_one_line_and_nothing_is_made(name: str, ptm: Ptm, tmp_path: Path) -> None:
    data, word = BAD[name]
    (tmp_path / "bad.csv").write_bytes(data())
    done = ptm("train", tmp_path / "bad.csv", "--out", tmp_path / "run", "--json")
    assert done.status == 2
    assert done.out == ""
    assert word in done.line
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--epochs", "1000"], "--epochs"),
        (["--seed", "-1"], "--seed"),
        (["--learning-rate", "nan"], "--learning-rate"),
        (["--lora-r", "0"], "--lora-r"),
        (["--target-modules", "no_such_layer"], "no_such_layer"),
        (["--eval-fraction", "0.5", "--test-fraction", "0.8"], "0.9"),
        (["--fix", "everything"], "everything"),
        (["--text", "nope"], "nope"),
        (["--eval-csv", "missing.csv"], "missing.csv"),
        (["--model", "builtin:nope"], "builtin:nope"),
        (["--model", "no-such-org/no-such-model"], "no-such-org/no-such-model"),
        (["--model", "./no-such-folder"], "no-such-folder"),
        (["--model", "bad id!"], "bad id!"),
        (["--out", "."], "files in it"),
    ],
)
def test_a_plan_that_cannot_be(
    words: list[str], said: str, ptm: Ptm, films: Path, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "something").touch()
    model = [] if "--model" in words else ["--model", str(tiny)]
    done = ptm("train", films, *model, *words, "--json")
    assert done.status == 2, done.err
    assert done.out == ""
    assert said in done.line
    assert [path.name for path in tmp_path.iterdir()] == ["something"]


def test_a_full_disk_is_one_line_and_leaves_nothing_behind(ptm: Ptm, films: Path, tiny: Path, tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))  # a write that goes further fails, as on a full disk
    try:
        done = ptm("train", films, "--model", tiny, *QUICK, "--epochs", "1", "--out", tmp_path / "run")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert done.status == 2
    assert "disk is full" in done.err.splitlines()[-1]
    assert not list(tmp_path.iterdir())


def test_a_job_of_the_page_and_the_command_line_give_the_same_run(ptm: Ptm, films: Path, tiny: Path, tmp_path: Path) -> None:
    from dataclasses import asdict

    from ptm_demo.hubs import Hubs
    from ptm_demo.jobs import JobContext
    from ptm_demo.progress import CancelToken, ignore
    from ptm_demo.settings import Settings
    from ptm_demo.tuning import TuneConfig
    from ptm_demo.tuning.job import handle_train

    dirty = tmp_path / "dirty.csv"
    dirty.write_text(films.read_text("utf-8") + "this film is good,Up\n ,up\nthis book is bad,down\n", "utf-8")
    done = ptm(
        "train", dirty, "--model", tiny, *QUICK, "--epochs", "2", "--fix", "all", "--seed", "3", "--out", tmp_path / "mine", "--json"
    )
    assert done.status == 0, done.err

    base = Hubs(Settings(home=tmp_path / "home", offline=True), allow_local=True).pull(str(tiny))
    config = TuneConfig.of("quick", model_id=base.model_id, learning_rate=0.01, epochs=2, seed=3)
    payload = {
        "dataset": str(dirty), "text_column": "text", "label_column": "label", "config": config.to_dict(), "threads": 1,
        "fixes": ["trim", "merge_labels", "drop_empty", "drop_conflicting", "drop_duplicates", "fix_leakage", "drop_rare"],
        "base": {**asdict(base), "path": str(base.path)}, "runs_dir": str(tmp_path / "runs"),
    }  # fmt: skip
    theirs = Path(handle_train(payload, JobContext("20261124-7f3a9c05", tmp_path / "job", ignore, CancelToken(), 1, False))["path"])
    for name in ("metrics.json", "split.json", "labels.json", "config.json", "base.json"):
        assert json.loads((theirs / name).read_text("utf-8")) == json.loads((tmp_path / "mine" / name).read_text("utf-8")), name
