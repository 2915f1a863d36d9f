"""From a split and a plan to a kept run: train, judge, compare with baselines, save, prove, commit.

Nothing is kept before the saved files, loaded onto a fresh base, have given the trained model's logits. Knows nothing of
jobs or of files of rows.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ptm_demo.data import LabelledTexts, Split
from ptm_demo.errors import ReloadDiffers, TooFewRows
from ptm_demo.hubs.base import PulledModel
from ptm_demo.models.loaded import LoadedModel
from ptm_demo.models.lora import save_adapter
from ptm_demo.progress import CancelToken, Progress, ProgressFn, ignore
from ptm_demo.results import Baseline, Estimate, RunSummary, SuspectLabel
from ptm_demo.store import RunDraft, RunStore
from ptm_demo.tasks.batches import encode
from ptm_demo.tasks.classify import classify_logits, load_run, predict_logits
from ptm_demo.tuning import checkpoint
from ptm_demo.tuning.comparing import baselines
from ptm_demo.tuning.config import TuneConfig
from ptm_demo.tuning.features import frozen_vectors
from ptm_demo.tuning.loop import Tuned, class_indices, train
from ptm_demo.tuning.memory import peak_bytes
from ptm_demo.tuning.metrics import evaluate, held_out_rows
from ptm_demo.tuning.suspects import out_of_sample, suspect_labels

RELOAD_TOLERANCE = 1e-4  # largest difference of a logit; fp32 sums in another order differ by about 1e-6
RELOAD_ROWS = 512
FROZEN_LENGTH = 128  # tokens that the baseline reads: enough for a mean


@dataclass(frozen=True, slots=True)
class Source:
    """Where the rows came from, kept with the run so that it can be made again.

    Attributes:
        data: name of the file (never its folder). data_sha256, eval_sha256: hashes of the files' bytes.
        eval_data: name of the test file, or "" when the test rows were split off.
    """

    data: str = ""
    data_sha256: str = ""
    text_column: str = "text"
    label_column: str = "label"
    fixes: tuple[str, ...] = ()
    eval_data: str = ""
    eval_sha256: str = ""


def run_training(
    split: Split,
    config: TuneConfig,
    pulled: PulledModel,
    store: RunStore,
    *,
    folder: Path | None = None,
    name: str = "",
    owner: str = "local",
    out: Path | None = None,
    source: Source | None = None,
    predicted: Estimate | None = None,
    threads: int = 0,
    progress: ProgressFn = ignore,
    cancel: CancelToken | None = None,
    resume: bool = False,
    with_baselines: bool = True,
    run_id: str | None = None,
) -> RunSummary:
    """Train, judge and keep.

    Args:
        folder: where the checkpoint lies while training (None: keep none).
        out: the folder that the run becomes (None: one of the store's own).
        source: what the rows are; without it the run cannot tell how to be made again.
        predicted: the estimate that was shown before, kept beside the time taken.
        run_id: the id that the run gets (None: a new one); a job gives its own, so that doing it again makes no second run.
        with_baselines: also compute the baselines and the suspected labels.

    Raises:
        Cancelled, LossNotFinite, ReloadDiffers, TooFewRows, DiskFull, ModelError, BadOption, FolderNotEmpty.
    """
    source = source or Source()
    held = split.test if len(split.test) else split.eval
    if not len(held):
        raise TooFewRows(needed=len(set(split.train.labels)) * 2, rows=len(split.train))
    tuned = train(split, config, pulled, folder=folder, threads=threads, progress=progress, cancel=cancel, resume=resume)

    truth = class_indices(held, tuned.labels)
    logits = _trained_logits(tuned.loaded, held, config, progress, cancel)
    metrics = evaluate(logits, truth, tuned.labels)
    compared: tuple[Baseline, ...] = ()
    suspects: tuple[SuspectLabel, ...] = ()
    if with_baselines:
        compared, suspects = _compare(split, held, tuned.labels, pulled, config, bool(source.eval_data), progress, cancel)
    with store.draft(out, run_id=run_id) as draft:
        progress(Progress("save"))
        _write_model(draft, tuned, config, pulled)
        draft.write("metrics.json", metrics)
        draft.write("baselines.json", compared)
        draft.write("suspects.json", suspects)
        draft.write("history.json", tuned.history)
        draft.write("heldout.json", held_out_rows(logits, truth, tuned.labels, held.texts, held.rows))
        draft.write("split.json", _split_facts(split, config, source))
        progress(Progress("verify"))
        difference = reload_difference(draft.path, pulled, held.texts[:RELOAD_ROWS], logits[:RELOAD_ROWS])
        if not difference <= RELOAD_TOLERANCE:
            raise ReloadDiffers(difference=f"{difference:.2g}")
        seconds = tuned.seconds + time.monotonic() - tuned.ended
        taken: dict[str, Any] = {"seconds": seconds, "train_seconds": tuned.seconds, "rows_per_second": tuned.rows_per_second}
        taken |= {"steps": tuned.steps, "planned_steps": tuned.planned_steps, "best_step": tuned.best_step}
        taken |= {"stopped_early": tuned.stopped_early, "peak_bytes": peak_bytes(), "reload_difference": difference}
        draft.write("estimate.json", {"predicted": asdict(predicted) if predicted else None, "taken": taken})
        summary = store.commit(
            draft,
            name=name or _name(source, config),
            owner=owner,
            base_model=pulled.model_id,
            base_revision=pulled.revision,
            preset=config.preset,
            labels=tuned.labels,
            rows=len(split.train) + len(split.eval) + len(split.test),
            accuracy=metrics.accuracy,
            accuracy_interval=metrics.accuracy_interval,
            macro_f1=metrics.macro_f1,
            seconds=seconds,
        )
    if folder is not None:
        checkpoint.clear(folder)
    return summary


def reload_difference(run_folder: Path, pulled: PulledModel, texts: list[str], logits: np.ndarray) -> float:
    """Largest difference between the given logits and those of the saved run, merged onto a freshly loaded base."""
    fresh = classify_logits(load_run(run_folder, pulled), texts)
    return float(np.abs(fresh - logits).max()) if len(texts) else 0.0


def _trained_logits(
    loaded: LoadedModel, held: LabelledTexts, config: TuneConfig, progress: ProgressFn, cancel: CancelToken | None
) -> np.ndarray:
    token_ids = encode(loaded.tokenizer, held.texts, min(config.max_length, loaded.max_length), loaded.text_prefix)
    pad_id = int(loaded.tokenizer.pad_token_id)
    return predict_logits(loaded.model, token_ids, pad_id, progress=progress, cancel=cancel, stage="evaluate")


def _compare(
    split: Split,
    held: LabelledTexts,
    labels: tuple[str, ...],
    pulled: PulledModel,
    config: TuneConfig,
    own_test: bool,
    progress: ProgressFn,
    cancel: CancelToken | None,
) -> tuple[tuple[Baseline, ...], tuple[SuspectLabel, ...]]:
    # The baselines choose nothing by validation, so they may learn from those rows too, unless they are judged on them.
    known = _joined(split.train, split.eval) if held is split.test else split.train
    began = time.perf_counter()
    length = min(config.max_length, FROZEN_LENGTH)
    vectors = frozen_vectors(pulled, known.texts + held.texts, length, progress=progress, cancel=cancel)
    seconds = time.perf_counter() - began
    n = len(known)
    known_truth, held_truth = class_indices(known, labels), class_indices(held, labels)
    compared = baselines(
        known.texts,
        known_truth,
        held.texts,
        held_truth,
        len(labels),
        train_vectors=vectors[:n],
        test_vectors=vectors[n:],
        vector_seconds=seconds,
        progress=progress,
        cancel=cancel,
    )
    # Row numbers of a test file of one's own mean other rows, so only the main file's are searched.
    rows = known if own_test else _joined(known, held)
    truth = known_truth if own_test else np.concatenate([known_truth, held_truth])
    probs = out_of_sample(vectors[: len(rows)], truth, len(labels), seed=config.seed, progress=progress, cancel=cancel)
    return compared, suspect_labels(probs, truth, labels, rows.texts, rows.rows)


def _write_model(draft: RunDraft, tuned: Tuned, config: TuneConfig, pulled: PulledModel) -> None:
    save_adapter(tuned.loaded.model, draft.path / "adapter", model_id=pulled.model_id, revision=pulled.revision)
    tuned.loaded.tokenizer.save_pretrained(draft.path / "tokenizer")
    draft.write("labels.json", tuned.labels)
    draft.write("config.json", config.to_dict())
    model_type = tuned.loaded.model.config.model_type
    base: Mapping[str, Any] = {"model_id": pulled.model_id, "revision": pulled.revision, "source": pulled.source}
    draft.write("base.json", {**base, "text_prefix": pulled.text_prefix, "model_type": model_type})


def _split_facts(split: Split, config: TuneConfig, source: Source) -> dict[str, Any]:
    facts = {"seed": config.seed, "eval_fraction": config.eval_fraction, "test_fraction": config.test_fraction}
    rows = {"train": split.train.rows, "eval": split.eval.rows, "test": split.test.rows}
    return {**facts, **asdict(source), **rows}


def _joined(first: LabelledTexts, second: LabelledTexts) -> LabelledTexts:
    return LabelledTexts(first.texts + second.texts, first.labels + second.labels, first.rows + second.rows)


def _name(source: Source, config: TuneConfig) -> str:
    data = Path(source.data).stem
    model = config.model_id.split("/")[-1].split(":")[-1]
    return f"{data} · {model}" if data else model
