"""Who may know whom. The layers stand in a table; each rule beside them is one line of another."""

from __future__ import annotations

import ast
from dataclasses import dataclass

import pytest

from tests.contract.source import PACKAGE, Import, below, imports, modules

# From the ground up. A room may import what lies in lower layers, and itself; two rooms of one layer do not know each other.
LAYERS = (
    {"errors", "ids", "progress", "results"},
    {"architectures", "registry", "settings"},
    {"jobs"},
    {"hubs", "store"},
    {"models"},
    {"data", "tasks"},
    {"spaces", "tuning"},
    {"estimator"},
    {"services"},
    {"cli", "ui"},
)
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}
# What the layers would forbid, and why it stands.
EXCEPTIONS = {
    ("ptm_demo.cli.commands.serve", "ptm_demo.ui.app"): "the command `serve` is the same as `python app.py`",
}

PAGE = ("gradio", "gradio_client", "ptm_demo.ui")
HEAVY = ("torch", "transformers", "peft", "accelerate", "sklearn")
NETWORK = ("requests", "httpx", "httpx2", "aiohttp", "urllib.request", "urllib3", "http", "socket", "ssl", "huggingface_hub")


@dataclass(frozen=True)
class Never:
    """`who` (rooms; "*" all) never imports `whom` (dotted prefixes), but for the rooms in `but`."""

    rule: str
    who: tuple[str, ...]
    whom: tuple[str, ...]
    but: tuple[str, ...] = ()

    def broken_by(self, one: Import) -> bool:
        room = one.importer.room
        concerned = (room in self.who or self.who == ("*",)) and room not in self.but
        return concerned and any(below(one.imported, prefix) for prefix in self.whom) and _exception(one) is None


NEVERS = (
    Never("only the page knows Gradio", ("*",), PAGE, but=("ui",)),
    Never("jobs know no machine learning", ("jobs",), (*HEAVY, "numpy", "pandas", "ptm_demo.tuning", "ptm_demo.tasks", "ptm_demo.models")),
    Never("tasks and models never touch the network", ("tasks", "models"), NETWORK),
    Never("tables know no models", ("data",), (*HEAVY, "ptm_demo.models", "ptm_demo.hubs")),
    Never("errors, results and progress know nothing of the package", ("errors", "results", "progress"), (PACKAGE,)),
    Never("the package knows neither app.py nor the tests", ("*",), ("app", "tests", "scripts", "benchmarks")),
)


def _exception(one: Import) -> str | None:
    return next((why for (who, whom), why in EXCEPTIONS.items() if one.importer.name == who and below(one.imported, whom)), None)


@pytest.mark.parametrize("never", NEVERS, ids=lambda never: never.rule)
def test_never(never: Never) -> None:
    broken = [str(one) for one in imports() if never.broken_by(one)]
    assert not broken, f"{never.rule}:\n" + "\n".join(broken)


def test_each_room_imports_only_what_lies_below_it() -> None:
    broken = []
    for one in imports():
        room, other = one.importer.room, _room(one.imported)
        if room in {"", "__main__"} or other in {"", room} or other not in LEVEL:
            continue
        if LEVEL[other] >= LEVEL[room] and _exception(one) is None:
            broken.append(f"{one}, which is not below {room}")
    assert not broken, "\n".join(broken)


def test_every_room_has_its_layer() -> None:
    rooms = {module.room for module in modules()} - {"", "__main__"}
    assert rooms <= set(LEVEL), f"give these a layer: {sorted(rooms - set(LEVEL))}"


def test_no_tab_knows_another() -> None:
    """Two entries of ui/tabs may share a helper there, but never one that is a tab itself."""
    tabs = {_tab(module.name) for module in modules() if _tab(module.name) and "TAB" in _assigned(module.tree)}
    broken = [
        str(one)
        for one in imports()
        if _tab(one.importer.name) and _tab(one.imported) in tabs and _tab(one.imported) != _tab(one.importer.name)
    ]
    assert not broken, "\n".join(broken)


def test_no_exception_outlives_its_use() -> None:
    used = {
        (one.importer.name, whom) for one in imports() for who, whom in EXCEPTIONS if one.importer.name == who and below(one.imported, whom)
    }
    assert used == set(EXCEPTIONS)


def _room(name: str) -> str:
    return name.split(".")[1] if name.startswith(f"{PACKAGE}.") else ""


def _tab(name: str) -> str:
    """The tab (or helper) of ui/tabs that a module belongs to."""
    prefix = f"{PACKAGE}.ui.tabs."
    return name.removeprefix(prefix).split(".")[0] if name.startswith(prefix) else ""


def _assigned(tree: ast.Module) -> set[str]:
    return {
        target.id
        for node in tree.body
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else [])
        if isinstance(target, ast.Name)
    }
