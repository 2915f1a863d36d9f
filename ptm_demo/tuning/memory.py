"""How much memory this process has held at most. Knows nothing of what it was held for."""

from __future__ import annotations

import sys

import psutil

try:
    import resource
except ImportError:  # not on Windows
    resource = None  # type: ignore[assignment]


def peak_bytes() -> int:
    """Largest resident set so far."""
    if resource is None:
        return int(psutil.Process().memory_info().rss)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)


def resident_bytes() -> int:
    """Resident set now."""
    return int(psutil.Process().memory_info().rss)
