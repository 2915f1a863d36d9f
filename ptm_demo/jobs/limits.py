"""What a worker process may use: politeness to the page beside it, and hard ceilings. Acts on the process that calls it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path


def apply_limits(nice: int, memory_bytes: int | None, file_bytes: int | None) -> None:
    """Lower this process's priority and set its ceilings; what the system has no such limit for is left alone.

    Args:
        nice: 0…19, added to the priority that the process was started with.
        memory_bytes: address space (RLIMIT_AS); past it, allocation fails with MemoryError.
        file_bytes: largest file that may be written (RLIMIT_FSIZE); past it, writing fails with EFBIG.
    """
    if sys.platform == "win32":
        return
    import resource

    if nice > 0:
        os.nice(nice)
    # When the machine runs out of memory, the trainer is to go before the page. Not everywhere is there such a file.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")
    for kind, value in ((resource.RLIMIT_AS, memory_bytes), (resource.RLIMIT_FSIZE, file_bytes)):
        if value is not None:
            _lower(kind, value)
    _lower(resource.RLIMIT_CORE, 0)  # a crash must not fill the disk


def limit_cpu(seconds: float) -> None:
    """From now on this process may use so many CPU seconds; the last resort when nobody is left to watch the clock."""
    if sys.platform == "win32":
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _lower(kind: int, value: int) -> None:
    import resource

    _, hard = resource.getrlimit(kind)
    ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (ceiling, ceiling))
