"""manifest.json: what a run's folder must hold, and a seal over itself. Written last, so its existence means the save completed.

Knows nothing of what the files mean.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ptm_demo.errors import RunBroken, RunNotFound, StoreError
from ptm_demo.results import RunSummary
from ptm_demo.store import serial
from ptm_demo.store.files import atomic_write_bytes, files_below, sha256_file

FILE_NAME = "manifest.json"
VERSION = 1


@dataclass(frozen=True, slots=True)
class FileEntry:
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What `manifest.json` says.

    Attributes:
        summary: the run's line in the list; its `path` is "" on disk, for a folder can be moved.
        files: every other file by its path inside the folder, with "/" on every system.
        seal: SHA-256 of all the rest, so a flipped bit in the manifest itself is seen too.
    """

    summary: RunSummary
    files: Mapping[str, FileEntry]
    version: int = VERSION
    seal: str = ""


def make(folder: Path, summary: RunSummary) -> Manifest:
    """Look at every file in the folder (SHA-256, size)."""
    files = {
        path.relative_to(folder).as_posix(): FileEntry(sha256_file(path), path.stat().st_size)
        for path in files_below(folder)
        if path.relative_to(folder).as_posix() != FILE_NAME
    }
    return Manifest(summary, files)


def write(folder: Path, manifest: Manifest) -> Manifest:
    """Seal it and put it into the folder, in one step. Raises OSError."""
    plain = json.loads(serial.dump(manifest))
    sealed = dataclasses.replace(manifest, seal=_seal(plain))
    atomic_write_bytes(folder / FILE_NAME, serial.dump(sealed))
    return sealed


def read(folder: Path) -> Manifest:
    """
    Raises:
        RunNotFound: there is no manifest: no run, or one whose save never completed.
        RunBroken: it is damaged, from a newer version, or names files outside the folder.
    """
    try:
        data = (folder / FILE_NAME).read_bytes()
    except OSError as error:
        raise RunNotFound(run=folder.name) from error
    try:
        plain = json.loads(data)
        newer, sealed = plain["version"] > VERSION, plain["seal"] == _seal(plain)
        manifest: Manifest | None = None if newer else serial.load(data, Manifest, FILE_NAME)
    except (ValueError, KeyError, TypeError, StoreError) as error:
        raise RunBroken(run=folder.name, reason="its manifest is damaged") from error
    if manifest is None:
        raise RunBroken(run=folder.name, reason="it was saved by a newer version of this program")
    if not sealed:
        raise RunBroken(run=folder.name, reason="its manifest was changed after it was saved")
    if any(PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\\" in name for name in manifest.files):
        raise RunBroken(run=folder.name, reason="its manifest names files outside its folder")
    return manifest


def check_sizes(folder: Path, manifest: Manifest) -> None:
    """Every file is there with its size: quick, so done whenever a run is opened. Raises RunBroken."""
    for name, entry in manifest.files.items():
        try:
            size = (folder / name).stat().st_size
        except OSError as error:
            raise RunBroken(run=folder.name, reason=f"{name} is missing") from error
        if size != entry.bytes:
            raise RunBroken(run=folder.name, reason=f"{name} has {size} bytes instead of {entry.bytes}")


def check_contents(folder: Path, manifest: Manifest) -> None:
    """Every file is what was saved, by its SHA-256. Raises RunBroken."""
    check_sizes(folder, manifest)
    for name, entry in manifest.files.items():
        try:
            found = sha256_file(folder / name)
        except OSError as error:
            raise RunBroken(run=folder.name, reason=f"{name} cannot be read") from error
        if found != entry.sha256:
            raise RunBroken(run=folder.name, reason=f"{name} is not what was saved")


def _seal(plain: dict[str, Any]) -> str:
    """Over the values as JSON has them, so that neither spaces nor the order of keys count."""
    rest = {key: value for key, value in plain.items() if key != "seal"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
