"""Uploaded tables, each copied under an id with a note of whose it is. Knows nothing of columns or rows."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ptm_demo.errors import DatasetNotFound, FileMissing, StorageQuota, StoreError
from ptm_demo.ids import is_id, new_id
from ptm_demo.store import files, serial

_DATA, _META = "data.csv", "meta.json"
_DAY = 86_400.0
_MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """One uploaded table. `name` is what the visitor's file was called, fit to be shown; `created` is Unix time."""

    id: str
    owner: str
    name: str
    bytes: int
    sha256: str
    created: float


class DatasetStore:
    """The tables below `root`.

    Args:
        quota_bytes: how much one owner's tables may have together (None: no limit).

    Where a method takes `owner`, a table of somebody else is answered like one that does not exist: DatasetNotFound.
    """

    def __init__(self, root: Path, *, quota_bytes: int | None = None) -> None:
        """Make the folder, and remove what a crash left in it more than a day ago. Raises DiskFull, StoreError."""
        self.root = root.expanduser().resolve()
        self._staging, self._trash = self.root / ".staging", self.root / ".trash"
        self._quota = quota_bytes
        with files.disk_errors("the folder of tables"):
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            files.sweep(self._staging, _DAY)
            files.sweep(self._trash, 0.0)

    def add(self, source: Path | bytes, name: str, owner: str = "local") -> str:
        """Copy a table (a regular file, or its bytes) and return its id.

        Raises:
            FileMissing, StorageQuota, DiskFull, StoreError.
        """
        shown = files.clean_name(name.replace("\\", "/").rsplit("/", 1)[-1], 120) or "table.csv"
        if isinstance(source, Path) and (source.is_symlink() or not source.is_file()):
            raise FileMissing(name=shown)
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        if self._quota is not None and (total := size + self.bytes_used(owner)) > self._quota:
            raise StorageQuota(limit_mb=self._quota // _MB, size_mb=-(-total // _MB))
        dataset_id = new_id()
        while (self.root / dataset_id).exists():
            dataset_id = new_id()
        draft = self._staging / dataset_id
        with files.disk_errors("the table"):
            draft.mkdir(parents=True, mode=0o700)
            try:
                if isinstance(source, bytes):
                    (draft / _DATA).write_bytes(source)
                else:
                    shutil.copyfile(source, draft / _DATA)
                digest, copied = files.sha256_file(draft / _DATA), (draft / _DATA).stat().st_size
                serial.write_json(draft / _META, DatasetInfo(dataset_id, owner, shown, copied, digest, time.time()))
                files.fsync_tree(draft)
                files.move_into_place(draft, self.root / dataset_id)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
        return dataset_id

    def path(self, dataset_id: str, *, owner: str | None = None) -> Path:
        """The table's file. Raises DatasetNotFound."""
        self.info(dataset_id, owner=owner)
        return self.root / dataset_id / _DATA

    def info(self, dataset_id: str, *, owner: str | None = None) -> DatasetInfo:
        """Raises DatasetNotFound."""
        if not is_id(dataset_id) or not (self.root / dataset_id / _DATA).is_file():
            raise DatasetNotFound(dataset_id=files.clean_name(dataset_id))
        try:
            info: DatasetInfo = serial.read_json(self.root / dataset_id / _META, DatasetInfo)
        except StoreError as error:
            raise DatasetNotFound(dataset_id=dataset_id) from error
        if owner is not None and info.owner != owner:
            raise DatasetNotFound(dataset_id=dataset_id)
        return info

    def list(self, owner: str | None = None) -> Sequence[DatasetInfo]:
        """The newest first."""
        found: list[DatasetInfo] = []
        for path in self.root.iterdir():
            if is_id(path.name):
                try:
                    found.append(self.info(path.name, owner=owner))
                except DatasetNotFound:
                    continue
        return sorted(found, key=lambda info: (info.created, info.id), reverse=True)

    def delete(self, dataset_id: str, *, owner: str | None = None) -> int:
        """Remove the table; returns the bytes that this freed. Raises DatasetNotFound."""
        self.info(dataset_id, owner=owner)
        with files.disk_errors("the table"):
            return files.remove_folder(self.root / dataset_id, self._trash)

    def expire(self, older_than: float, *, keep: Sequence[str] = ()) -> Sequence[str]:
        """Delete tables that were added more than `older_than` seconds ago, but for `keep`; returns their ids."""
        gone = [info.id for info in self.list() if time.time() - info.created > older_than and info.id not in keep]
        for dataset_id in gone:
            self.delete(dataset_id)
        return gone

    def bytes_used(self, owner: str | None = None) -> int:
        return sum(info.bytes for info in self.list(owner))
