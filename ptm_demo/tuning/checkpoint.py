"""Keeps a half-done training on disk, so that going on from there ends where an uninterrupted run would have ended.

One file, replaced in one step: after a crash there is the old one or the new one, never half of one. Knows nothing of
what the state means.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch

from ptm_demo.errors import DiskFull

FILE = "checkpoint.pt"
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def fingerprint(config: Mapping[str, Any], revision: str, parts: Iterable[Iterable[str]]) -> str:
    """SHA-256 of everything that decides a run; a checkpoint with another one is not this run's."""
    digest = hashlib.sha256(json.dumps([config, revision], sort_keys=True).encode())
    for part in parts:
        digest.update(b"\x00part")
        for text in part:
            digest.update(f"{len(text)}:".encode() + text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def save(folder: Path, state: Mapping[str, Any]) -> None:
    """Write the state (tensors, numbers, strings, lists, dicts).

    Raises:
        DiskFull: there is no room; the checkpoint before it stays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    staged = folder / (FILE + ".new")
    try:
        with staged.open("wb") as file:
            torch.save(dict(state), file)
            file.flush()
            os.fsync(file.fileno())
        staged.replace(folder / FILE)
    except (OSError, RuntimeError) as error:
        staged.unlink(missing_ok=True)
        if _no_room(error):
            raise DiskFull(what="the training's checkpoint") from error
        raise


def load(folder: Path, expected: str) -> dict[str, Any] | None:
    """The state saved under the fingerprint `expected`; None when there is none, or it is another run's."""
    path = folder / FILE
    if not path.is_file():
        return None
    # weights_only: a checkpoint holds tensors and plain values, so nothing in it may be executed.
    state = torch.load(path, map_location="cpu", weights_only=True)
    return state if state.get("fingerprint") == expected else None


def clear(folder: Path) -> None:
    """Remove the checkpoint, when its run is kept elsewhere."""
    (folder / FILE).unlink(missing_ok=True)


def _no_room(error: BaseException) -> bool:
    """Whether the disk was full. torch reports a failed write as a RuntimeError whose context is the real one."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in _NO_ROOM:
            return True
        seen = seen.__cause__ or seen.__context__
    return isinstance(error, RuntimeError) and "file write failed" in str(error)
