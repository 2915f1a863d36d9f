"""What training kept: list, judge, rename, delete, export. Reads files; loads weights only to merge them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ptm_demo.errors import BadOption
from ptm_demo.results import Baseline, CurvePoint, HeldOutRow, RunMetrics, RunSummary, SuspectLabel
from ptm_demo.services.exporting import export_merged
from ptm_demo.store import Run, RunStore, export_adapter, read_json, zip_folder

if TYPE_CHECKING:
    from ptm_demo.hubs import Hubs

EXPORT_FORMATS = ("adapter", "merged")


@dataclass(frozen=True, slots=True)
class RunDetails:
    """Everything that judging a run needs, without its weights."""

    summary: RunSummary
    metrics: RunMetrics
    baselines: tuple[Baseline, ...]
    history: tuple[CurvePoint, ...]
    heldout: tuple[HeldOutRow, ...]
    suspects: tuple[SuspectLabel, ...]
    config: dict[str, Any]
    timing: dict[str, Any]


class RunService:
    """Runs by id and owner; a stranger's run is simply not there. The command line may also open a folder."""

    def __init__(self, store: RunStore, hubs: Hubs) -> None:
        self._store, self._hubs = store, hubs

    def list(self, owner: str | None = None) -> Sequence[RunSummary]:
        """Newest first."""
        return self._store.list(owner=owner)

    def get(self, run_id: str, owner: str | None = None) -> Run:
        return self._store.get(run_id, owner=owner)

    def open(self, run: str) -> Run:
        """A run by its id or its folder (command line and Python only)."""
        return self._store.find(run)

    def details(self, run: Run) -> RunDetails:
        path = run.path
        return RunDetails(
            summary=run.summary,
            metrics=read_json(path / "metrics.json", RunMetrics),
            baselines=read_json(path / "baselines.json", tuple[Baseline, ...]),
            history=read_json(path / "history.json", tuple[CurvePoint, ...]),
            heldout=read_json(path / "heldout.json", tuple[HeldOutRow, ...]),
            suspects=read_json(path / "suspects.json", tuple[SuspectLabel, ...]),
            config=read_json(path / "config.json", dict[str, Any]),
            timing=read_json(path / "estimate.json", dict[str, Any]),
        )

    def rename(self, run_id: str, name: str, owner: str | None) -> RunSummary:
        return self._store.rename(run_id, name, owner=owner)

    def delete(self, run_id: str, owner: str | None) -> int:
        """Returns the bytes freed."""
        return self._store.delete(run_id, owner=owner)

    def export(self, run: Run, format: str, out: Path) -> Path:
        """Write the run in one of EXPORT_FORMATS into the new folder `out`, and return it.

        "adapter": the LoRA weights with labels, tokenizer and the base's revision. "merged": a transformers folder.
        """
        if format not in EXPORT_FORMATS:
            raise BadOption(option="--format", expected=" or ".join(EXPORT_FORMATS), found=format)
        return export_adapter(run, out) if format == "adapter" else export_merged(self._hubs, run, out)

    def export_zip(self, run: Run, format: str, folder: Path) -> Path:
        """The same, as one zip file in `folder`, for a download."""
        out = self.export(run, format, folder / f"{run.summary.id}-{format}")
        return zip_folder(out, folder / f"{run.summary.id}-{format}.zip")

    def code(self, run: Run) -> tuple[str, str]:
        """(Python script, command line) that reproduce the run's metrics from its data."""
        from ptm_demo.tuning.code import reproduce_command, reproduce_script

        return reproduce_script(run), reproduce_command(run)
