"""Ids of jobs, runs and tables: made by the server, short, sorted by time. Knows nothing of what they name."""

from __future__ import annotations

import re
import secrets
import time

_ID = re.compile(r"\d{8}-[0-9a-f]{8}")


def new_id(now: float | None = None) -> str:
    """The date, then 16 bits of the day that is gone and 16 random ones: "20261124-7f3a9c05" (UTC; the maker looks for a clash)."""
    day = time.gmtime(now)
    gone = (day.tm_hour * 3600 + day.tm_min * 60 + day.tm_sec) * 65536 // 86400
    return f"{time.strftime('%Y%m%d', day)}-{gone:04x}{secrets.token_hex(2)}"


def is_id(text: str) -> bool:
    """Only what `new_id` makes, so that an id in a path never leads out of its folder."""
    return _ID.fullmatch(text) is not None
