"""Runs a call that may hang beside the caller, who leaves it behind when it shows no life or when somebody says stop.

Sockets have time-outs, but a name server that does not answer, or a host that sends one byte a second, passes them all.
Only a clock outside the call holds a deadline. Knows nothing of what the call does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from ptm_demo.progress import Cancelled, CancelToken

T = TypeVar("T")
_LOOK_EVERY = 0.05


class NoLife(Exception):
    """The call neither ended nor showed life for as long as it may take, `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Watch:
    """What the call and its watcher share. All numbers only grow.

    Attributes:
        done: bytes that have arrived.
        beats: signs of life that are no bytes, such as a finished file.
    """

    def __init__(self) -> None:
        self.done = 0
        self.beats = 0
        self._left = threading.Event()

    @property
    def left(self) -> bool:
        """Whether the watcher went away: the call must not change anything any more, and should end."""
        return self._left.is_set()

    def leave(self) -> None:
        self._left.set()

    def check(self) -> None:
        """Raise Cancelled inside the call when nobody waits for it."""
        if self.left:
            raise Cancelled

    def wait(self, seconds: float) -> None:
        """Sleep, but not past the moment that the watcher goes away."""
        self._left.wait(seconds)
        self.check()


class _Outcome(Generic[T]):
    value: T
    error: BaseException | None = None


def watched(
    call: Callable[[Watch], T],
    seconds: float,
    *,
    cancel: CancelToken | None = None,
    look: Callable[[Watch], None] | None = None,
    least_bytes: int = 1,
) -> T:
    """Run `call(watch)` in a thread of its own and wait for it.

    Args:
        seconds: longest time without life: neither a beat nor `least_bytes` more bytes.
        cancel: looked at twenty times a second.
        look: called about as often from the caller's thread, for instance to report progress.

    Raises:
        NoLife: the time passed. The thread is left behind; it ends at its next look at the watch or its socket's time-out.
        Cancelled: somebody said stop.
        Exception: whatever the call raised.
    """
    watch, outcome, ended = Watch(), _Outcome[T](), threading.Event()

    def run() -> None:
        try:
            outcome.value = call(watch)
        except BaseException as error:  # noqa: BLE001 - handed to the caller, who raises it
            outcome.error = error
        finally:
            ended.set()

    threading.Thread(target=run, daemon=True, name="watched call").start()
    seen: tuple[int, int] = (0, 0)
    since = time.monotonic()
    try:
        while not ended.wait(_LOOK_EVERY):
            if cancel is not None:
                cancel.check()
            if look is not None:
                look(watch)
            if watch.beats > seen[1] or watch.done >= seen[0] + least_bytes:
                seen, since = (watch.done, watch.beats), time.monotonic()
            elif time.monotonic() - since > seconds:
                raise NoLife(seconds)
    finally:
        watch.leave()
    if outcome.error is not None:
        raise outcome.error
    if look is not None:
        look(watch)
    return outcome.value
