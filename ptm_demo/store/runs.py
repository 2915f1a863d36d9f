"""The shelf of runs: one folder each, listed from their manifests alone. Knows nothing of weights or training."""

from __future__ import annotations

import dataclasses
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ptm_demo.errors import BadOption, RunBroken, RunNotFound
from ptm_demo.ids import is_id, new_id
from ptm_demo.results import RunSummary
from ptm_demo.store import files
from ptm_demo.store import manifest as manifests
from ptm_demo.store.run import Run, RunDraft, draft_run, open_run, seal_run

_DAY = 86_400.0
_Stamp = tuple[int, int, int]


class RunStore:
    """The runs below `root`.

    Where a method takes `owner`, a run of somebody else is answered like one that does not exist: RunNotFound.
    """

    def __init__(self, root: Path) -> None:
        """Make the folder, and remove what a crash left in it more than a day ago. Raises DiskFull, StoreError."""
        self.root = root.expanduser().resolve()
        self._staging, self._trash = self.root / ".staging", self.root / ".trash"
        self._cache: dict[str, tuple[_Stamp, RunSummary]] = {}
        self._lock = threading.Lock()
        with files.disk_errors("the folder of runs"):
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            files.sweep(self._staging, _DAY)
            files.sweep(self._trash, 0.0)

    @contextmanager
    def draft(self, out: Path | None = None, *, run_id: str | None = None) -> Iterator[RunDraft]:
        """Draft a new run, or one that becomes the folder `out`. What was not committed is removed at the block's end.

        Args:
            run_id: the id to give it, such as the id of the job that makes it; then a job that is done again after a crash
                can see (`get`) that its run is there, and never makes a second. What an earlier draft of it left is removed.

        Raises:
            FolderNotEmpty: `out` has files, or the run is there. DiskFull, StoreError; also instead of an OSError of the block.
        """
        if run_id is not None:
            if not is_id(run_id):
                raise BadOption(option="the run's id", expected="an id like 20261124-7f3a9c05", found=files.clean_name(run_id, 40))
            shutil.rmtree(self._staging / run_id, ignore_errors=True)
        else:
            run_id = new_id()
            while (self.root / run_id).exists() or (self._staging / run_id).exists():
                run_id = new_id()
        if out is None:
            with draft_run(self.root / run_id, run_id=run_id, staging=self._staging / run_id) as draft:
                yield draft
        else:
            with draft_run(out, run_id=run_id) as draft:
                yield draft

    def commit(self, draft: RunDraft, **summary: Any) -> RunSummary:
        """Keep the draft: see `seal_run` for the facts of the summary. Once this returns, the run survives any crash."""
        return seal_run(draft, **summary)

    def list(self, owner: str | None = None) -> Sequence[RunSummary]:
        """The newest first. A folder without a whole manifest is not a run, and not listed."""
        found: dict[str, tuple[_Stamp, RunSummary]] = {}
        with self._lock:
            known = self._cache
        for path in self.root.iterdir():
            if not is_id(path.name):
                continue
            try:
                stamp = _stamp(path / manifests.FILE_NAME)
                entry = known.get(path.name)
                if entry is None or entry[0] != stamp:
                    summary = dataclasses.replace(manifests.read(path).summary, id=path.name, path=str(path))
                    entry = (stamp, summary)
            except (OSError, RunNotFound, RunBroken):
                continue  # being deleted, or damaged: `get` says which
            found[path.name] = entry
        with self._lock:
            self._cache = found
        runs = [summary for _, summary in found.values() if owner is None or summary.owner == owner]
        return sorted(runs, key=lambda run: (run.created, run.id), reverse=True)

    def get(self, run_id: str, *, owner: str | None = None) -> Run:
        """The run of that id; never anything but an id. Raises RunNotFound, RunBroken."""
        if not is_id(run_id):
            raise RunNotFound(run=files.clean_name(run_id))
        try:
            run = open_run(self.root / run_id)
        except RunNotFound:
            raise RunNotFound(run=run_id) from None
        except RunBroken:
            if owner is not None:
                raise RunNotFound(run=run_id) from None  # whose it was cannot be known
            raise
        if owner is not None and run.summary.owner != owner:
            raise RunNotFound(run=run_id)
        return dataclasses.replace(run, summary=dataclasses.replace(run.summary, id=run_id))

    def open(self, folder: Path) -> Run:
        """The run in any folder: for the command line and Python, never for a visitor's text. Raises RunNotFound, RunBroken."""
        return open_run(folder)

    def find(self, id_or_folder: str | Path) -> Run:
        """What a command line's RUN means: an id of this store, else a folder. Raises RunNotFound, RunBroken."""
        text = str(id_or_folder)
        if is_id(text) and (self.root / text).is_dir():
            return self.get(text)
        return open_run(Path(id_or_folder))

    def rename(self, run_id: str, name: str, *, owner: str | None = None) -> RunSummary:
        """Raises BadOption: the name is empty, too long or has control characters. RunNotFound, DiskFull."""
        name = files.check_name(name)
        with self._lock:
            run = self.get(run_id, owner=owner)
            summary = dataclasses.replace(run.manifest.summary, name=name)
            with files.disk_errors("the new name"):
                manifests.write(run.path, dataclasses.replace(run.manifest, summary=summary))
        return dataclasses.replace(summary, id=run_id, path=str(run.path))

    def delete(self, run_id: str, *, owner: str | None = None) -> int:
        """Remove the run, whole or damaged; returns the bytes that this freed. Raises RunNotFound."""
        path = self.root / run_id
        if not is_id(run_id) or not path.is_dir():
            raise RunNotFound(run=files.clean_name(run_id))
        if owner is not None:
            self.get(run_id, owner=owner)
        with files.disk_errors("the run"):
            return files.remove_folder(path, self._trash)

    def verify(self, run_id: str, *, owner: str | None = None) -> None:
        """Compare every file of the run with what was saved (SHA-256). Raises RunNotFound, RunBroken."""
        self.get(run_id, owner=owner).verify()

    def bytes_used(self, owner: str | None = None) -> int:
        """Sum over the listed runs."""
        return sum(run.bytes for run in self.list(owner))


def _stamp(path: Path) -> _Stamp:
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino
