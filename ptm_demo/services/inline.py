"""Trains in this process, without the queue: what the command line does and what a job would do with the same rows and plan.

Knows nothing of arguments or streams. Importing it loads no model library.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ptm_demo.errors import TooFewRows
from ptm_demo.progress import CancelToken, ProgressFn, ignore
from ptm_demo.services.files import Checked
from ptm_demo.services.runs import RunDetails, RunService
from ptm_demo.settings import Settings

if TYPE_CHECKING:
    from ptm_demo.hubs import PulledModel
    from ptm_demo.store import RunStore
    from ptm_demo.tuning import TuneConfig

_CHECKPOINT_DAYS = 30.0


@dataclass(frozen=True, slots=True)
class Trained:
    """A kept run. `path`: its folder. `parts`: rows of train, eval and test."""

    details: RunDetails
    path: Path
    parts: Mapping[str, int]
    rows_per_second: float


class InlineTraining:
    """Training over files that the asker may read."""

    def __init__(self, settings: Settings, store: RunStore, runs: RunService) -> None:
        self._settings, self._store, self._runs = settings, store, runs

    def train(
        self,
        checked: Checked,
        config: TuneConfig,
        pulled: PulledModel,
        *,
        owner: str,
        name: str = "",
        out: Path | None = None,
        resume: bool = False,
        progress: ProgressFn = ignore,
        cancel: CancelToken | None = None,
    ) -> Trained:
        """Split, train, judge and keep a run.

        Args:
            out: a new folder that becomes the run's; by default it joins the studio's runs.
            resume: go on from the last checkpoint of the same rows and plan, if there is one.

        Raises:
            DataError: the rows cannot be trained on.
            Cancelled: `cancel` was set; the checkpoint is kept for `resume`.
            ModelError, TrainingError, StoreError: see `run_training`.
        """
        from ptm_demo.data import split as split_rows
        from ptm_demo.store.files import sweep
        from ptm_demo.tuning.run import Source, run_training

        if checked.rows is None:
            raise checked.error or TooFewRows(needed=1, rows=0)
        split = split_rows(
            checked.rows,
            eval_fraction=config.eval_share(len(checked.rows)),
            test_fraction=config.test_fraction,
            seed=config.seed,
            test=checked.test,
        )
        source = _source(checked)
        shelf = self._settings.home / "checkpoints"
        shelf.mkdir(parents=True, exist_ok=True)
        sweep(shelf, _CHECKPOINT_DAYS * 86_400)
        folder = shelf / _key(source, config, pulled)
        summary = run_training(
            split, config, pulled, self._store,
            folder=folder, name=name, owner=owner, out=out, source=Source(**source), threads=self._settings.threads,
            progress=progress, cancel=cancel, resume=resume,
        )  # fmt: skip
        shutil.rmtree(folder, ignore_errors=True)
        run = self._runs.open(summary.path)
        details = self._runs.details(run)
        parts = {"train": len(split.train), "eval": len(split.eval), "test": len(split.test)}
        return Trained(details, run.path, parts, float(details.timing["taken"]["rows_per_second"]))


def _source(checked: Checked) -> dict[str, Any]:
    choice = checked.choice
    facts: dict[str, Any] = {
        "data": choice.csv.name,
        "data_sha256": _sha256(choice.csv),
        "text_column": checked.report.text_column,
        "label_column": checked.report.label_column,
        "fixes": checked.fixes,
    }
    if choice.eval_csv is not None:
        facts |= {"eval_data": choice.eval_csv.name, "eval_sha256": _sha256(choice.eval_csv)}
    return facts


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _key(source: Mapping[str, Any], config: TuneConfig, pulled: PulledModel) -> str:
    """The same for the same rows, plan and model, so that a command given again finds its checkpoint."""
    facts = json.dumps([source, config.to_dict(), pulled.model_id, pulled.revision], sort_keys=True)
    return hashlib.sha256(facts.encode()).hexdigest()[:20]
