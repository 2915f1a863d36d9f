"""The first Ctrl-C asks the work to stop at a point where it can go on later; the second ends it at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from ptm_demo.progress import CancelToken


@contextmanager
def stop_on_interrupt(cancel: CancelToken) -> Iterator[None]:
    """While inside, Ctrl-C sets `cancel`. Does nothing outside the main thread, where Python allows no handler."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(_signal: int, _frame: FrameType | None) -> None:
        if cancel.cancelled:
            raise KeyboardInterrupt
        cancel.cancel()

    previous = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
