"""How long work tells how far it is, and how it is told to stop. Knows nothing of who listens or of threads' owners."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Progress:
    """One report of a long piece of work.

    Attributes:
        stage: what it is at, a key the page can translate: "load", "train", "evaluate", "baseline", "save", "pull"…
        done: how much is done, in `unit`.
        total: how much there is, in `unit`; None when that is unknown.
        unit: "steps", "rows", "bytes" or "" .
        detail: JSON-ready facts of the stage, such as {"loss": 0.41, "rows_per_second": 38.2}.
    """

    stage: str
    done: float = 0.0
    total: float | None = None
    unit: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fraction(self) -> float | None:
        """`done / total` in 0…1, or None when the total is unknown."""
        return None if not self.total else min(1.0, max(0.0, self.done / self.total))


ProgressFn = Callable[[Progress], None]


def ignore(_: Progress) -> None:
    """A ProgressFn for work that nobody watches."""


class Cancelled(Exception):
    """Raised inside the work, at a point where it can stop, after somebody asked it to. Not an error."""


class CancelToken:
    """Carries "please stop" from one thread to another. Setting it twice does no harm."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        self._event.set()

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        """Raise Cancelled if somebody asked for a stop."""
        if self._event.is_set():
            raise Cancelled
