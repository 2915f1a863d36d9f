"""Named things found by looking into a package: a newcomer is one new file, and no list is edited.

Knows nothing about what it holds. A module takes part by exporting one name (`TAB`, `TASK` or `HUB`).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from ptm_demo.errors import ConfigError


class Named(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Named)


class Registry(Generic[T]):
    """Things by their `name`, in the order of (`order` if they have one, then name).

    Raises:
        ConfigError: when two things share a name, or a name is asked for that is not there.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._items: dict[str, T] = {}

    def add(self, item: T) -> T:
        if item.name in self._items:
            raise ConfigError(detail=f"two {self.kind}s are called {item.name!r}")
        self._items[item.name] = item
        return item

    def get(self, name: str) -> T:
        try:
            return self._items[name]
        except KeyError:
            raise ConfigError(detail=f"there is no {self.kind} called {name!r}; there are {', '.join(self.names())}") from None

    def names(self) -> list[str]:
        return [item.name for item in self]

    def __iter__(self) -> Iterator[T]:
        return iter(sorted(self._items.values(), key=lambda item: (getattr(item, "order", 0), item.name)))

    def __len__(self) -> int:
        return len(self._items)

    def discover(self, package: str, export: str) -> Registry[T]:
        """Import every module of `package` and add the object each exports as `export` (modules without one are helpers)."""
        root = importlib.import_module(package)
        for found in pkgutil.iter_modules(root.__path__):
            module = importlib.import_module(f"{package}.{found.name}")
            if hasattr(module, export):
                self.add(getattr(module, export))
        return self
