"""Folders for files that are handed over and then forgotten: exports, mended tables, answers. Gone after an hour or with the studio."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from threading import Lock

KEEP_SECONDS = 3600.0


class Scratch:
    """Makes a new folder for each file; the old ones are removed when a new one is asked for."""

    def __init__(self, keep_seconds: float = KEEP_SECONDS) -> None:
        self._keep = keep_seconds
        self._root: Path | None = None
        self._lock = Lock()

    def folder(self) -> Path:
        """A new, empty folder below the system's folder for temporary files."""
        with self._lock:
            if self._root is None or not self._root.is_dir():
                self._root = Path(tempfile.mkdtemp(prefix="ptm-studio-"))
            before = time.time() - self._keep
            for old in self._root.iterdir():
                if old.stat().st_mtime < before:
                    shutil.rmtree(old, ignore_errors=True)
            return Path(tempfile.mkdtemp(dir=self._root))

    def clear(self) -> None:
        with self._lock:
            if self._root is not None:
                shutil.rmtree(self._root, ignore_errors=True)
                self._root = None
