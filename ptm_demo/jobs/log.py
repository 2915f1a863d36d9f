"""A worker's log: a file that its output is written to directly, kept small while it grows. Knows nothing of jobs."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

LIMIT_BYTES = 2 * 1024 * 1024
_KEEP_BYTES = 256 * 1024


def open_log(path: Path) -> int:
    """A descriptor that appends to the file. Written straight to the file, so even a crash's last words are kept."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)


def trim_log(path: Path, limit: int = LIMIT_BYTES) -> None:
    """When the file is over `limit` bytes, keep its end as `path`.1 and empty it in place; its writers notice nothing."""
    with suppress(OSError):  # a log that cannot be trimmed must not stop the work
        size = path.stat().st_size
        if size <= limit:
            return
        with path.open("rb") as file:
            file.seek(-min(size, _KEEP_BYTES), os.SEEK_END)
            path.with_name(path.name + ".1").write_bytes(file.read())
        os.truncate(path, 0)
