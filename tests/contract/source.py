"""The package's source as syntax trees and as a list of imports, for the tests of the house's rules. Runs none of it."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "ptm_demo"


@dataclass(frozen=True)
class Module:
    """One file of the package: its dotted name, its path from the project's root, and its tree."""

    name: str
    path: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The part of the house it belongs to: the name below the package ("data", "ui", "errors"; "" for the package itself)."""
        return self.name.partition(".")[2].split(".")[0]


@dataclass(frozen=True)
class Import:
    """`importer` takes `imported`; a `from a import b` counts as a.b, which may be a module or a name in one."""

    importer: Module
    imported: str
    line: int

    def __str__(self) -> str:
        return f"{self.importer.path}:{self.line} imports {self.imported}"


@cache
def modules() -> tuple[Module, ...]:
    found = []
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        relative = path.relative_to(ROOT)
        parts = relative.with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found.append(Module(name, relative.as_posix(), ast.parse(path.read_text("utf-8"), str(relative))))
    return tuple(found)


@cache
def imports() -> tuple[Import, ...]:
    """Every import of the package, those inside functions too."""
    return tuple(one for module in modules() for one in _imports_of(module))


def _imports_of(module: Module) -> Iterator[Import]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (Import(module, alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, node)
            yield from (Import(module, f"{base}.{alias.name}" if base else alias.name, node.lineno) for alias in node.names)


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    inside = module.name.split(".") if module.path.endswith("__init__.py") else module.name.split(".")[:-1]
    base = inside[: len(inside) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


def below(name: str, prefix: str) -> bool:
    """Whether a dotted name is `prefix` or lies under it."""
    return name == prefix or name.startswith(f"{prefix}.")


def nodes(kind: type[ast.AST] | tuple[type[ast.AST], ...]) -> Iterator[tuple[Module, ast.AST]]:
    """Every node of this kind in the package, with its module."""
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, kind):
                yield module, node


def calls() -> Iterator[tuple[Module, str, ast.Call]]:
    """Every call, with the dotted name that is called ("torch.load", "eval"; "" when it is no plain name)."""
    for module, node in nodes(ast.Call):
        assert isinstance(node, ast.Call)
        yield module, dotted(node.func), node


def dotted(node: ast.AST) -> str:
    """`a.b.c` as text; a call or subscript in front counts as "?" ("?.read")."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value) or '?'}.{node.attr}"
    return ""


def constant(node: ast.AST | None) -> object:
    """The value of a literal, or a marker that equals nothing else."""
    return node.value if isinstance(node, ast.Constant) else _NO_CONSTANT


_NO_CONSTANT = object()


def at(module: Module, node: ast.AST) -> str:
    return f"{module.path}:{getattr(node, 'lineno', 0)}"


@cache
def tracked_files() -> tuple[Path, ...]:
    """The project's own files: what git tracks or would track, or everything but set-up's folders where there is no git."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode == 0 and listed.stdout:
        paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        unwanted = {".venv", ".git", "node_modules", "__pycache__", ".cache", "shots"}
        paths = [path for path in ROOT.rglob("*") if not unwanted & set(path.relative_to(ROOT).parts)]
    return tuple(sorted(path for path in paths if path.is_file()))


def text_of(path: Path) -> str:
    """The file as text, or "" when it is not text."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        return ""
