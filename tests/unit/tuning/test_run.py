from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

from ptm_demo.data import Split
from ptm_demo.errors import ReloadDiffers, RunBroken, UnknownColumn
from ptm_demo.hubs.base import PulledModel
from ptm_demo.ids import new_id
from ptm_demo.models.text_classifier import HEAD_FILE, save_merged
from ptm_demo.progress import Cancelled, CancelToken, Progress, ProgressFn, ignore
from ptm_demo.results import Baseline, RunMetrics
from ptm_demo.store import RunStore, open_run
from ptm_demo.tasks.classify import classify, classify_logits, load_run
from ptm_demo.tuning import TuneConfig, estimate, run_training
from ptm_demo.tuning import run as run_module
from ptm_demo.tuning.checkpoint import FILE
from ptm_demo.tuning.estimating import Line, fit_line
from ptm_demo.tuning.job import handle_estimate, handle_train
from tests.tiny import pulled_tiny
from tests.unit.tuning.conftest import rows

FILES = {"labels.json", "config.json", "base.json", "metrics.json", "baselines.json", "history.json", "heldout.json", "suspects.json",
         "split.json", "estimate.json", "adapter/adapter_config.json", "adapter/adapter_model.safetensors",
         "tokenizer/tokenizer.json"}  # fmt: skip


@dataclass
class Context:
    folder: Path
    report: ProgressFn = ignore
    cancel: CancelToken = field(default_factory=CancelToken)
    resumed: bool = False
    job_id: str = field(default_factory=new_id)
    owner: str = "me"


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "runs")


def write_csv(path: Path, count: int = 160) -> Path:
    data = rows(count)
    path.write_text("text,label\n" + "".join(f"{t},{label}\n" for t, label in zip(data.texts, data.labels, strict=True)), "utf-8")
    return path


def payload(tmp_path: Path, pulled: PulledModel, plan: TuneConfig, **changes: Any) -> dict[str, Any]:
    found = {
        "dataset": str(write_csv(tmp_path / "film.csv")), "text_column": "text", "label_column": "label", "fixes": ["trim"],
        "eval_dataset": None, "config": plan.to_dict(), "base": {**asdict(pulled), "path": str(pulled.path)}, "owner": "me", "name": "mine",
        "runs_dir": str(tmp_path / "runs"), "threads": 1,
    }  # fmt: skip
    return json.loads(json.dumps({**found, **changes}))


def test_a_run_is_judged_proved_and_kept(parts: Split, plan: TuneConfig, tiny: PulledModel, store: RunStore, folder: Path) -> None:
    stages: list[str] = []
    summary = run_training(parts, plan, tiny, store, folder=folder, name="first", owner="me", progress=lambda p: stages.append(p.stage))
    run = store.get(summary.id, owner="me")
    run.verify()
    assert run.manifest.files.keys() >= FILES
    assert summary.name == "first"
    assert summary.labels == ("bad", "good")
    assert summary.rows == len(parts.train) + len(parts.eval) + len(parts.test)
    metrics = run.read("metrics.json", RunMetrics)
    assert metrics.n == len(parts.test)
    assert metrics.accuracy == summary.accuracy
    assert [b.name for b in run.read("baselines.json", list[Baseline])] == ["majority", "tfidf", "frozen"]
    held = run.read("heldout.json", list[dict[str, Any]])
    assert [row["row"] for row in held] == parts.test.rows
    assert sum(row["label"] == row["predicted"] for row in held) == round(metrics.accuracy * metrics.n)
    facts = run.read("split.json", dict[str, Any])
    assert (facts["train"], facts["eval"], facts["test"]) == (parts.train.rows, parts.eval.rows, parts.test.rows)
    taken = run.read("estimate.json", dict[str, Any])["taken"]
    assert taken["reload_difference"] <= 1e-4
    assert taken["seconds"] >= taken["train_seconds"] > 0
    assert not (folder / FILE).exists()
    assert list(dict.fromkeys(s for s in stages if s != "classify")) == [
        "load", "train", "evaluate", "vectors", "baseline", "suspects", "save", "verify"]  # fmt: skip


def test_a_run_that_answers_otherwise_after_reloading_is_not_kept(
    parts: Split, plan: TuneConfig, tiny: PulledModel, store: RunStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = run_module.save_adapter

    def spoil(model: Any, target: Path, **options: Any) -> None:
        real(model, target, **options)
        tensors = load_file(target / "adapter_model.safetensors")
        name = next(n for n in tensors if "lora_B" in n)
        save_file({**tensors, name: torch.randn_like(tensors[name])}, target / "adapter_model.safetensors")

    monkeypatch.setattr(run_module, "save_adapter", spoil)
    with pytest.raises(ReloadDiffers):
        run_training(parts, plan.but(epochs=1), tiny, store, folder=folder, with_baselines=False)
    assert list(store.list()) == []
    assert (folder / FILE).exists()


@pytest.mark.parametrize(
    "name", ["bert", "distilbert", "roberta", "electra", "deberta-v2", "albert", "mpnet", "modernbert", "gpt2", "llama"]
)
def test_every_architecture_reloads_equal_and_exports_merged(
    parts: Split, plan: TuneConfig, store: RunStore, tmp_path: Path, name: str
) -> None:
    pulled = pulled_tiny(name, tmp_path, std=0.3)
    summary = run_training(parts, plan.but(epochs=1), pulled, store, with_baselines=False)
    texts = parts.test.texts
    run_folder = Path(summary.path)
    apart = classify_logits(load_run(run_folder, pulled, merge=False), texts)
    merged = load_run(run_folder, pulled)
    assert np.abs(classify_logits(merged, texts) - apart).max() < 1e-4
    save_merged(merged.loaded, tmp_path / "merged")
    model = AutoModelForSequenceClassification.from_pretrained(tmp_path / "merged", dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "merged")
    tokenizer.padding_side = "right"
    with torch.no_grad():
        inputs = tokenizer(texts, padding=True, truncation=True, max_length=merged.max_length, return_tensors="pt")
        inputs.pop("token_type_ids", None)
        plain = model(**inputs).logits.numpy()
    assert np.abs(plain - apart).max() < 1e-4
    assert tuple(model.config.id2label[i] for i in range(2)) == summary.labels


def test_a_pooled_run_exports_as_its_readme_says(
    parts: Split, plan: TuneConfig, tiny: PulledModel, store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = run_training(parts, plan, tiny, store, with_baselines=False)
    loaded = load_run(Path(summary.path), tiny)
    save_merged(loaded.loaded, tmp_path / "merged")
    assert (tmp_path / "merged" / HEAD_FILE).is_file()
    code = (tmp_path / "merged" / "README.md").read_text("utf-8").split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(tmp_path / "merged")
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - the snippet that a reader pastes
    expected = classify(loaded, names["texts"])
    for row, prediction in zip(names["probabilities"], expected, strict=True):
        assert row.tolist() == pytest.approx(list(prediction.probs.values()), abs=1e-5)
    assert isinstance(names["encoder"], AutoModel.from_pretrained(tmp_path / "merged").__class__)


def test_answers_come_in_the_order_asked_whatever_the_lengths(parts: Split, plan: TuneConfig, tiny: PulledModel, store: RunStore) -> None:
    summary = run_training(parts, plan, tiny, store, with_baselines=False)
    loaded = load_run(Path(summary.path), tiny)
    texts = ["good", "the " * 40 + "bad", "", "movie great great 3", "x"]
    seen: list[Progress] = []
    together = classify(loaded, texts, progress=seen.append)
    for text, found in zip(texts, together, strict=True):
        alone = classify(loaded, [text])[0]
        assert found.label == alone.label
        assert found.probs == pytest.approx(dict(alone.probs), abs=1e-5)
        assert sum(found.probs.values()) == pytest.approx(1)
        assert found.prob == max(found.probs.values())
    assert seen[-1].done == seen[-1].total == len(texts)
    assert classify(loaded, []) == []


def test_a_folder_that_is_no_run_is_told(tiny: PulledModel, tmp_path: Path) -> None:
    with pytest.raises(RunBroken, match=r"labels\.json"):
        load_run(tmp_path, tiny)


def test_the_job_trains_from_plain_json(tiny: PulledModel, plan: TuneConfig, tmp_path: Path, store: RunStore) -> None:
    predicted = {"seconds_low": 1.0, "seconds_high": 9.0, "bytes_low": 1, "bytes_high": 2, "steps": 3, "timed_steps": 2,
                 "rows_per_second": 5.0}  # fmt: skip
    found = handle_train(payload(tmp_path, tiny, plan.but(epochs=1), estimate=predicted), Context(tmp_path / "job"))  # type: ignore[arg-type]
    run = store.get(found["run_id"], owner="me")
    assert run.read("estimate.json", dict[str, Any])["predicted"] == predicted
    facts = run.read("split.json", dict[str, Any])
    assert (facts["data"], facts["fixes"], facts["text_column"]) == ("film.csv", ["trim"], "text")
    assert len(facts["data_sha256"]) == 64
    assert str(tmp_path) not in (run.path / "split.json").read_text("utf-8")


def test_a_stopped_job_that_is_taken_up_again_keeps_the_same_run(tiny: PulledModel, plan: TuneConfig, tmp_path: Path) -> None:
    whole = handle_train(payload(tmp_path, tiny, plan), Context(tmp_path / "one"))  # type: ignore[arg-type]
    token = CancelToken()

    def stop(progress: Progress) -> None:
        if progress.stage == "train" and progress.done == 20:
            token.cancel()

    with pytest.raises(Cancelled):
        handle_train(payload(tmp_path, tiny, plan), Context(tmp_path / "two", stop, token))  # type: ignore[arg-type]
    resumed = handle_train(payload(tmp_path, tiny, plan), Context(tmp_path / "two", resumed=True))  # type: ignore[arg-type]
    for name in ("metrics.json", "heldout.json", "history.json", "adapter/adapter_model.safetensors"):
        assert (Path(whole["path"]) / name).read_bytes() == (Path(resumed["path"]) / name).read_bytes()


def test_a_job_that_ended_between_keeping_its_run_and_saying_so_makes_no_second(
    tiny: PulledModel, plan: TuneConfig, tmp_path: Path, store: RunStore
) -> None:
    first = Context(tmp_path / "job")
    done = handle_train(payload(tmp_path, tiny, plan.but(epochs=1)), first)  # type: ignore[arg-type]
    told: list[Progress] = []
    again = Context(tmp_path / "job", told.append, resumed=True, job_id=first.job_id)
    assert handle_train(payload(tmp_path, tiny, plan.but(epochs=1)), again) == done  # type: ignore[arg-type]
    assert told == [] and [run.id for run in store.list()] == [first.job_id]


def test_a_test_file_of_ones_own_is_judged_on(tiny: PulledModel, plan: TuneConfig, tmp_path: Path) -> None:
    judge = tmp_path / "judge.csv"
    judge.write_text("text,label\nthe film is good,good\nthe film is awful,bad\nthe room was great,good\n", "utf-8")
    found = handle_train(payload(tmp_path, tiny, plan.but(epochs=1), eval_dataset=str(judge)), Context(tmp_path / "job"))  # type: ignore[arg-type]
    run = open_run(Path(found["path"]))
    assert run.read("metrics.json", RunMetrics).n == 3
    assert run.read("split.json", dict[str, Any])["eval_data"] == "judge.csv"
    wrong = payload(tmp_path, tiny, plan, text_column="title")
    with pytest.raises(UnknownColumn):
        handle_train(wrong, Context(tmp_path / "other"))  # type: ignore[arg-type]


def test_a_line_through_timed_batches_is_extended_to_all() -> None:
    line = fit_line([100, 200, 400], [0.3, 0.5, 0.9])
    assert (line.fixed, line.per_token) == pytest.approx((0.1, 0.002))
    assert line.of([[0, 1], [2]], [10, 30, 5]) == pytest.approx(2 * 0.1 + 0.002 * (60 + 5))
    assert fit_line([100, 100], [0.2, 0.4]) == Line(0.0, pytest.approx(0.003))
    falling = fit_line([100, 200], [0.4, 0.2])  # noise: longer cannot be faster
    assert falling.fixed == 0 and falling.per_token == pytest.approx(0.002)


def test_an_estimate_counts_the_steps_of_the_plan(parts: Split, plan: TuneConfig, tiny: PulledModel, tmp_path: Path) -> None:
    found = estimate(parts, plan, tiny)
    assert found.steps == plan.epochs * -(-len(parts.train) // plan.batch_size)
    assert 0 < found.timed_steps <= found.steps
    assert 0 < found.seconds_low < found.seconds_high < 600
    assert 0 < found.bytes_low <= found.bytes_high
    more = estimate(parts, plan.but(epochs=90, early_stopping_patience=0), tiny)
    assert more.steps == 15 * found.steps
    assert more.seconds_high > found.seconds_high
    as_job = handle_estimate(payload(tmp_path, tiny, plan), Context(tmp_path / "job"))  # type: ignore[arg-type]
    assert as_job["estimate"]["steps"] > 0
    json.dumps(as_job)
