"""Keeps models in memory up to a number of bytes, the least recently used leaves first. Knows nothing of what it keeps."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    @property
    def bytes(self) -> int: ...


T = TypeVar("T", bound=Sized)


class ModelCache(Generic[T]):
    """A bounded store of loaded models, safe to use from several threads.

    A model larger than the bound is given out and not kept. One key is loaded once, however many ask for it at the same
    time; different keys do not wait for each other.

    Args:
        max_bytes: the most that the kept models' weights may take together.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._items: OrderedDict[Hashable, T] = OrderedDict()
        self._bytes: dict[Hashable, int] = {}
        self._loading: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, load: Callable[[], T]) -> T:
        """The model of that key, loaded if it is not here. An error of `load` is passed on and nothing is kept."""
        with self._lock:
            if key in self._items:
                self._items.move_to_end(key)
                return self._items[key]
            turn = self._loading.setdefault(key, threading.Lock())
        with turn:
            with self._lock:
                if key in self._items:  # another thread loaded it while this one waited
                    self._items.move_to_end(key)
                    return self._items[key]
            try:
                item = load()
            finally:
                with self._lock:
                    self._loading.pop(key, None)
            with self._lock:
                self._keep(key, item)
        return item

    def drop(self, key: Hashable) -> None:
        """Forget a model, for example because its run was deleted."""
        with self._lock:
            self._items.pop(key, None)
            self._bytes.pop(key, None)

    def clear(self) -> None:
        with self._lock:
            self._items.clear()
            self._bytes.clear()

    @property
    def bytes(self) -> int:
        """Bytes of the kept models."""
        with self._lock:
            return sum(self._bytes.values())

    def __len__(self) -> int:
        return len(self._items)

    def _keep(self, key: Hashable, item: T) -> None:
        size = item.bytes
        if size > self.max_bytes:
            return
        self._items[key] = item
        self._bytes[key] = size
        while sum(self._bytes.values()) > self.max_bytes:
            oldest, _ = self._items.popitem(last=False)
            del self._bytes[oldest]
