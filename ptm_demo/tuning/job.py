"""The training process's two jobs: plain JSON in, plain JSON out. Knows the shape of a payload; the work is done elsewhere.

A payload holds: dataset (path), dataset_name, text_column, label_column, fixes (list of names), eval_dataset (path or
null), eval_dataset_name, config (a TuneConfig as a dict), base (a PulledModel as a dict), owner, name, runs_dir, threads, and for
"train" also estimate (an Estimate as a dict, or null) and out (a folder, or null).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ptm_demo.data import Split, apply_fixes, read_csv, split, usable
from ptm_demo.data.labelled import pick
from ptm_demo.errors import StoreError
from ptm_demo.hubs.base import PulledModel
from ptm_demo.results import Estimate
from ptm_demo.store import RunStore
from ptm_demo.tuning.config import TuneConfig
from ptm_demo.tuning.estimating import estimate
from ptm_demo.tuning.run import Source, run_training

if TYPE_CHECKING:
    from ptm_demo.jobs import JobContext

CHECKPOINTS = "checkpoints"


def handle_train(payload: dict[str, Any], context: JobContext) -> dict[str, Any]:
    """Train and keep a run; {"run_id", "path"}. Goes on from the job folder's checkpoint when the job was taken up again."""
    store = RunStore(Path(payload["runs_dir"]))
    kept = _kept(store, context)
    if kept is not None:
        return kept
    config = TuneConfig.from_dict(payload["config"])
    parts, source = read_split(payload, config)
    predicted = payload.get("estimate")
    summary = run_training(
        parts,
        config,
        read_base(payload["base"]),
        store,
        folder=context.folder / CHECKPOINTS,
        name=payload.get("name") or "",
        owner=context.owner,
        out=Path(payload["out"]) if payload.get("out") else None,
        source=source,
        predicted=Estimate(**predicted) if predicted else None,
        threads=int(payload.get("threads") or 0),
        progress=context.report,
        cancel=context.cancel,
        resume=context.resumed,
        run_id=context.job_id,
    )
    return {"run_id": summary.id, "path": summary.path}


def _kept(store: RunStore, context: JobContext) -> dict[str, Any] | None:
    """The run of this job, if its process ended between keeping it and saying so."""
    if not context.resumed:
        return None
    try:
        run = store.get(context.job_id)
    except StoreError:
        return None
    return {"run_id": run.summary.id, "path": str(run.path)}


def handle_estimate(payload: dict[str, Any], context: JobContext) -> dict[str, Any]:
    """Measure a plan; {"estimate": Estimate as a dict}."""
    config = TuneConfig.from_dict(payload["config"])
    parts, _ = read_split(payload, config)
    found = estimate(
        parts,
        config,
        read_base(payload["base"]),
        threads=int(payload.get("threads") or 0),
        progress=context.report,
        cancel=context.cancel,
    )
    return {"estimate": asdict(found)}


def read_split(payload: Mapping[str, Any], config: TuneConfig) -> tuple[Split, Source]:
    """The rows of a payload, read, mended and divided; and what they are.

    Raises:
        DataError: the files cannot be used.
    """
    text, label = payload["text_column"], payload["label_column"]
    fixes = tuple(payload.get("fixes") or ())
    path = Path(payload["dataset"])
    name = payload.get("dataset_name") or path.name
    table = read_csv(path, name)
    judge = None
    eval_name = eval_hash = ""
    if payload.get("eval_dataset"):
        eval_path = Path(payload["eval_dataset"])
        eval_name = payload.get("eval_dataset_name") or eval_path.name
        eval_hash = _sha256(eval_path)
        judge = read_csv(eval_path, eval_name)
    if fixes:
        fixed = apply_fixes(table, text, label, fixes, judge)
        table, judge = fixed.table, fixed.eval_table if judge is not None else None
    rows = usable(table, text, label)
    test = pick(judge, text, label) if judge is not None else None
    parts = split(rows, eval_fraction=config.eval_share(len(rows)), test_fraction=config.test_fraction, seed=config.seed, test=test)
    return parts, Source(name, _sha256(path), text, label, fixes, eval_name, eval_hash)


def read_base(data: Mapping[str, Any]) -> PulledModel:
    """The PulledModel that was written into a payload."""
    return PulledModel(**{**data, "path": Path(data["path"])})


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
