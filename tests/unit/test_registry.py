"""Named things, in order, found by looking."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from ptm_demo.errors import ConfigError
from ptm_demo.registry import Registry


@dataclass(frozen=True)
class Thing:
    name: str
    order: int = 0


def test_things_come_by_order_then_name() -> None:
    things: Registry[Thing] = Registry("thing")
    for thing in (Thing("c"), Thing("b", 5), Thing("a", 5), Thing("d", -1)):
        things.add(thing)
    assert things.names() == ["d", "c", "a", "b"]
    assert len(things) == 4
    assert things.get("b").order == 5


def test_a_name_twice_is_refused() -> None:
    things: Registry[Thing] = Registry("thing")
    things.add(Thing("a"))
    with pytest.raises(ConfigError, match="two things are called 'a'"):
        things.add(Thing("a", 3))


def test_a_name_that_is_not_there_tells_the_others() -> None:
    things: Registry[Thing] = Registry("thing")
    things.add(Thing("a"))
    with pytest.raises(ConfigError, match="called 'z'; there are a"):
        things.get("z")


def test_a_new_file_is_found_and_a_helper_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "zoo_for_a_test"
    package.mkdir()
    (package / "__init__.py").write_text("", "utf-8")
    (package / "helper.py").write_text("X = 1\n", "utf-8")
    for name in ("lion", "ape"):
        (package / f"{name}.py").write_text(f"from types import SimpleNamespace\nANIMAL = SimpleNamespace(name={name!r})\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert Registry("animal").discover("zoo_for_a_test", "ANIMAL").names() == ["ape", "lion"]
    for name in [name for name in sys.modules if name.startswith("zoo_for_a_test")]:
        del sys.modules[name]
