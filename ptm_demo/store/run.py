"""One run's folder: how it is drafted aside, sealed and moved into place, and how it is opened. Stands alone, in any place.

Knows nothing of lists of runs (runs.py) or of what the files mean.
"""

from __future__ import annotations

import dataclasses
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ptm_demo.errors import FileMissing, FolderNotEmpty, RunNotFound
from ptm_demo.ids import new_id
from ptm_demo.results import Interval, RunSummary
from ptm_demo.store import manifest as manifests
from ptm_demo.store import serial
from ptm_demo.store.files import clean_name, disk_errors, fsync_tree, move_into_place
from ptm_demo.store.manifest import Manifest


@dataclasses.dataclass(frozen=True, slots=True)
class RunDraft:
    """A run that is being written.

    Attributes:
        id: what the run will be called.
        path: the folder to write into; nobody else looks there.
        target: the folder that it becomes.
    """

    id: str
    path: Path
    target: Path

    def write(self, name: str, value: Any) -> None:
        """Put a result into the draft as JSON. Raises DiskFull, StoreError."""
        serial.write_json(self.path / name, value)


@dataclasses.dataclass(frozen=True, slots=True)
class Run:
    """A complete run on disk. `path` is absolute."""

    summary: RunSummary
    path: Path
    manifest: Manifest

    def file(self, name: str) -> Path:
        """A file of the run, such as "adapter/adapter_config.json". Raises FileMissing when the run has none of that name."""
        if name not in self.manifest.files:
            raise FileMissing(name=name)
        return self.path / name

    def read(self, name: str, kind: Any) -> Any:
        """A JSON file of the run as `kind`. Raises FileMissing, StoreError."""
        return serial.read_json(self.file(name), kind)

    def verify(self) -> None:
        """Compare every file with what was saved, bit by bit. Raises RunBroken."""
        manifests.check_contents(self.path, self.manifest)


@contextmanager
def draft_run(target: Path, *, run_id: str | None = None, staging: Path | None = None) -> Iterator[RunDraft]:
    """Draft a run that becomes the folder `target`, which must be new or empty; what was not sealed is removed at the end.

    Args:
        staging: folder for the draft, on the same disk as `target`; by default a hidden one beside it.

    Raises:
        FolderNotEmpty, DiskFull, StoreError; the last two also instead of an OSError of the block.
    """
    target = target.expanduser().resolve()
    run_id = run_id or new_id()
    with disk_errors("the run"):
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise FolderNotEmpty(path=target)
        target.parent.mkdir(parents=True, exist_ok=True)
        path = staging or target.with_name(f".{target.name}.{secrets.token_hex(4)}.draft")
        path.mkdir(parents=True, mode=0o700)
        try:
            yield RunDraft(run_id, path, target)
        finally:
            shutil.rmtree(path, ignore_errors=True)


def seal_run(
    draft: RunDraft,
    *,
    name: str,
    base_model: str,
    labels: Sequence[str],
    rows: int,
    accuracy: float,
    accuracy_interval: Interval,
    macro_f1: float,
    seconds: float,
    owner: str = "local",
    base_revision: str = "",
    preset: str = "",
    created: str = "",
) -> RunSummary:
    """Flush the draft, write its manifest, and move it into place. Once this returns the run is there after any crash.

    Raises:
        FolderNotEmpty: the target got files meanwhile. DiskFull, StoreError.
    """
    with disk_errors("the run"):
        summary = RunSummary(
            id=draft.id,
            name=clean_name(name) or base_model,
            created=created or datetime.now(UTC).isoformat(timespec="seconds"),
            owner=owner,
            base_model=base_model,
            base_revision=base_revision,
            preset=preset,
            labels=tuple(labels),
            rows=rows,
            accuracy=accuracy,
            accuracy_interval=accuracy_interval,
            macro_f1=macro_f1,
            seconds=seconds,
            bytes=0,
            path="",
        )
        found = manifests.make(draft.path, summary)
        summary = dataclasses.replace(summary, bytes=sum(entry.bytes for entry in found.files.values()))
        fsync_tree(draft.path)
        manifests.write(draft.path, dataclasses.replace(found, summary=summary))
        if draft.target.exists() and (not draft.target.is_dir() or any(draft.target.iterdir())):
            raise FolderNotEmpty(path=draft.target)
        move_into_place(draft.path, draft.target)
    return dataclasses.replace(summary, path=str(draft.target))


def open_run(folder: Path) -> Run:
    """The run in a folder, wherever it lies. Looks at names and sizes; `Run.verify` looks at the bytes.

    Raises:
        RunNotFound, RunBroken.
    """
    path = folder.expanduser().resolve()
    if not path.is_dir():
        raise RunNotFound(run=folder)
    manifest = manifests.read(path)
    manifests.check_sizes(path, manifest)
    return Run(dataclasses.replace(manifest.summary, path=str(path)), path, manifest)
