"""The cache of loaded models: bounded, least recently used first, one load a key."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import pytest

from ptm_demo.models import ModelCache


@dataclass
class Item:
    name: str
    bytes: int = 10


def test_keeps_the_recent_ones_within_the_bound() -> None:
    cache: ModelCache[Item] = ModelCache(25)
    first = cache.get("a", lambda: Item("a"))
    cache.get("b", lambda: Item("b"))
    assert cache.get("a", lambda: Item("never")) is first
    cache.get("c", lambda: Item("c"))  # "b" is the one used longest ago
    assert (len(cache), cache.bytes) == (2, 20)
    assert cache.get("a", lambda: Item("never")) is first
    assert cache.get("b", lambda: Item("again")).name == "again"


def test_what_is_larger_than_the_bound_is_given_and_not_kept() -> None:
    cache: ModelCache[Item] = ModelCache(25)
    cache.get("a", lambda: Item("a"))
    assert cache.get("big", lambda: Item("big", 26)).name == "big"
    assert (len(cache), cache.bytes) == (1, 10)


def test_drop_and_clear() -> None:
    cache: ModelCache[Item] = ModelCache(100)
    cache.get("a", lambda: Item("a"))
    cache.get("b", lambda: Item("b"))
    cache.drop("a")
    cache.drop("never there")
    assert cache.bytes == 10
    cache.clear()
    assert (len(cache), cache.bytes) == (0, 0)


def test_many_threads_load_one_key_once() -> None:
    cache: ModelCache[Item] = ModelCache(100)
    loads: list[int] = []

    def load() -> Item:
        loads.append(1)
        time.sleep(0.1)
        return Item("a")

    found: list[Item] = []
    threads = [threading.Thread(target=lambda: found.append(cache.get("a", load))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1
    assert len({id(item) for item in found}) == 1


def test_a_failed_load_is_passed_on_and_tried_again() -> None:
    cache: ModelCache[Item] = ModelCache(100)
    with pytest.raises(ZeroDivisionError):
        cache.get("a", lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    assert cache.get("a", lambda: Item("a")).name == "a"
