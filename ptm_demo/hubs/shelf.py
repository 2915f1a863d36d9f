"""Model folders that the studio keeps: staged, hashed, renamed into place, and checked again when a file changed.

Each kept folder carries a manifest, written last, so its existence means that the folder is complete. The manifest holds
every file's SHA-256, size and modification time: asking for a model again costs a few `stat` calls, and a file whose
size or time differs is read and hashed again. Knows nothing of what the files mean.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ptm_demo.errors import DiskFull
from ptm_demo.progress import CancelToken
from ptm_demo.results import ModelInfo

MANIFEST = "ptm-manifest.json"
VERSION = 1
_CHUNK = 1 << 20
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file of a kept folder; `name` is its path inside it, with forward slashes."""

    name: str
    bytes: int
    mtime_ns: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a kept folder holds and where it came from. `made_from` names the sources by their SHA-256 or commit."""

    model_id: str
    revision: str
    source: str
    files: tuple[FileRecord, ...] = ()
    made_from: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        return sum(record.bytes for record in self.files)

    def sha256(self, name: str) -> str:
        """SHA-256 of the file of that name, or ""."""
        return next((record.sha256 for record in self.files if record.name == name), "")

    def to_info(self, folder: Path) -> ModelInfo:
        known = {key: self.facts[key] for key in ("parameters", "task", "license", "model_type") if self.facts.get(key)}
        return ModelInfo(self.model_id, self.source, str(folder), self.bytes, self.revision,
                         languages=tuple(self.facts.get("languages", ())), **known)  # fmt: skip


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_manifest(folder: Path) -> Manifest | None:
    """The folder's manifest, or None when it has none that can be read (it is then not complete)."""
    try:
        data = json.loads((folder / MANIFEST).read_text("utf-8"))
        if data.pop("version") != VERSION:
            return None
        return Manifest(**{**data, "files": tuple(FileRecord(**record) for record in data["files"])})
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def intact(folder: Path, manifest: Manifest) -> bool:
    """Whether every file is the one that the manifest names. Reads only files whose size or time changed since."""
    records = []
    for record in manifest.files:
        path = folder / record.name
        try:
            stat = path.stat()
        except OSError:
            return False
        if stat.st_size != record.bytes:
            return False
        if stat.st_mtime_ns != record.mtime_ns:
            if sha256_of(path) != record.sha256:
                return False
            record = replace(record, mtime_ns=stat.st_mtime_ns)
        records.append(record)
    if tuple(records) != manifest.files:
        try:
            _write_manifest(folder, replace(manifest, files=tuple(records)))
        except OSError:
            return True  # a read-only shelf: the files are right, only the short cut for next time is missing
    return True


@contextmanager
def locked(folder: Path, cancel: CancelToken | None = None) -> Iterator[None]:
    """Hold the folder's lock: of several processes that want to make it, one does and the others find it made.

    Raises:
        Cancelled: while waiting for the lock.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.parent / f".{folder.name}.lock")
    while True:
        try:
            lock.acquire(timeout=0.25)
            break
        except Timeout:
            if cancel is not None:
                cancel.check()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def staging_for(folder: Path) -> Iterator[Path]:
    """A new empty folder beside `folder`, deleted at the end unless `publish` moved it. To be used under the folder's lock:
    what a killed process left behind is cleared away first."""
    for left in folder.parent.glob(f".staging-{folder.name}-*"):
        shutil.rmtree(left, ignore_errors=True)
    staging = folder.parent / f".staging-{folder.name}-{uuid.uuid4().hex[:12]}"
    staging.mkdir(parents=True)
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def record_files(staging: Path, manifest: Manifest) -> Manifest:
    """The manifest with every staged file's size and SHA-256 in it; each file is brought to the disk."""
    records = []
    for path in sorted(path for path in staging.rglob("*") if path.is_file() and path.name != MANIFEST):
        name = path.relative_to(staging).as_posix()
        _sync(path)
        stat = path.stat()
        records.append(FileRecord(name, stat.st_size, stat.st_mtime_ns, sha256_of(path)))
    return replace(manifest, files=tuple(records))


def publish(staging: Path, folder: Path, manifest: Manifest) -> None:
    """Write the manifest last, and put the whole folder into its place in one rename."""
    _write_manifest(staging, manifest)
    _sync(staging)
    discard(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging.rename(folder)
    _sync(folder.parent)


def discard(folder: Path) -> None:
    """Delete the folder; it is out of sight at once, also when the deleting is interrupted."""
    if folder.exists():
        away = folder.parent / f".staging-{folder.name}-old-{uuid.uuid4().hex[:12]}"
        folder.rename(away)
        shutil.rmtree(away, ignore_errors=True)


@contextmanager
def room_for(what: str) -> Iterator[None]:
    """Turn "no space", "over quota" and "file too large" into DiskFull."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise DiskFull(what=what) from error
        raise


def check_room(folder: Path, needed: int, what: str) -> None:
    """Refuse before the first byte when the disk under `folder` has less than `needed` bytes and a small reserve.

    Raises:
        DiskFull: there is not enough.
    """
    there = folder
    while not there.exists():
        there = there.parent
    if shutil.disk_usage(there).free < needed + 64 * _CHUNK:
        raise DiskFull(what=what)


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    part = folder / f"{MANIFEST}.part"
    part.write_text(json.dumps({"version": VERSION, **asdict(manifest)}, ensure_ascii=False, indent=1), "utf-8")
    _sync(part)
    part.replace(folder / MANIFEST)


def _sync(path: Path) -> None:
    """Bring a file, or a folder's list of names, to the disk."""
    if os.name == "nt" and path.is_dir():
        return  # Windows has no handle for a folder's list
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
