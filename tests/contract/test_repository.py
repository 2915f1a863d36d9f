"""What holds for every file of the project: no trace of one machine, and documents that tell the truth."""

from __future__ import annotations

import ast
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.source import ROOT, text_of, tracked_files

THIS_FILE = Path(__file__).resolve()
# Where packages come from is each machine's own affair; a path or host of one machine is wrong on every other.
TRACES = {
    "a path of one machine": r"(?<![\w.])/(?:work|root|opt/wheels|opt/pypi\S*|tmp/ptm|Users)/|/home/(?!user\b)\w+|[A-Z]:\\Users",
    "a package registry's host": r"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|yarnpkg\.com|pytorch\.org/whl|deb\.debian\.org",
    "a token": r"\bhf_[A-Za-z0-9]{30,}\b|\bghp_[A-Za-z0-9]{30,}\b",
}
DOCUMENTS = [path for path in tracked_files() if path.suffix == ".md"]


@pytest.mark.parametrize("what", TRACES)
def test_no_file_holds(what: str) -> None:
    pattern = re.compile(TRACES[what])
    found = []
    for path in tracked_files():
        if path != THIS_FILE:
            for number, line in enumerate(text_of(path).splitlines(), 1):
                if match := pattern.search(line):
                    found.append(f"{path.relative_to(ROOT)}:{number} {match[0]!r}")
    assert not found, "\n".join(found)


def test_no_big_or_binary_file_slips_in() -> None:
    """Weights, archives and pictures by accident: nothing over 2 MB is part of the project."""
    big = [f"{path.relative_to(ROOT)} ({path.stat().st_size >> 20} MB)" for path in tracked_files() if path.stat().st_size > 2 << 20]
    assert not big, big


def test_the_documents_name_commands_that_exist() -> None:
    from ptm_demo.cli.command import CommandLineError
    from ptm_demo.cli.parser import build_parser

    wrong = []
    for where, line in code_lines():
        if match := re.search(r"python3? -m ptm_demo (.*)", line):
            text = re.split(r"\s(?:\||>|&&|2>)\s?", match[1])[0]
            if "…" in text or "..." in text:
                continue
            words = shlex.split(text, comments=True)
            try:
                build_parser().parse_args(words)
            except CommandLineError as error:
                wrong.append(f"{where}: {line.strip()}: {error}")
            except SystemExit as ended:
                assert not ended.code, where  # --help and --version end with 0
    assert not wrong, "\n".join(wrong)


def test_the_documents_name_targets_of_make_that_exist() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {(where, name) for where, line in code_lines() for name in re.findall(r"\bmake ([a-z][a-z0-9-]*)", line)}
    wrong = [f"{where}: make {name}" for where, name in sorted(named) if name not in targets]
    wrong += [name for name in re.findall(r"make ([a-z]+)", text_of(ROOT / "ptm_demo" / "errors.py")) if name not in targets | {"it"}]
    assert not wrong, wrong


def test_the_documents_hold_no_dead_link() -> None:
    dead = []
    for path in DOCUMENTS:
        for target in re.findall(r"\]\(([^)\s]+)\)", text_of(path)):
            if not re.match(r"[a-z]+:|#", target) and not (path.parent / target.split("#")[0]).exists():
                dead.append(f"{path.relative_to(ROOT)}: {target}")
    assert not dead, "\n".join(dead)


def test_the_documents_hold_python_that_can_be_read() -> None:
    for path in DOCUMENTS:
        for block in re.findall(r"^```python\n(.*?)^```", text_of(path), re.MULTILINE | re.DOTALL):
            ast.parse(block, str(path))


def code_lines() -> Iterator[tuple[str, str]]:
    """(file:line, text) of every line of code in the documents: fenced blocks line by line (joined at a backslash), and `spans`."""
    for path in DOCUMENTS:
        fenced, held = False, ""
        for number, line in enumerate(text_of(path).splitlines(), 1):
            where = f"{path.relative_to(ROOT)}:{number}"
            if line.lstrip().startswith("```"):
                fenced = not fenced
            elif fenced and line.endswith("\\"):
                held += line[:-1]
            elif fenced:
                yield where, held + line
                held = ""
            else:
                yield from ((where, span) for span in re.findall(r"`([^`]+)`", line))


def test_an_allowed_violation_is_the_frameworks_own() -> None:
    """Each names one element of one rule, why it stands, and where its makers know of it."""
    for one in json.loads(text_of(ROOT / "tests" / "e2e" / "axe_allowed.json")):
        assert set(one) == {"rule", "html", "reason", "upstream"}
        assert len(one["html"]) > 10
        assert one["reason"].endswith(".")
        assert re.match(r"https://github\.com/(?:gradio-app|vega)/[\w-]+/(?:issues|pull)/\d+$", one["upstream"])


def test_every_setting_is_documented() -> None:
    named = set(re.findall(r'"((?:PTM|HF)_[A-Z_]+)"', text_of(ROOT / "ptm_demo" / "settings.py").split("def from_env")[1].split("def ")[0]))
    assert named
    documented = set(re.findall(r"`((?:PTM|HF)_[A-Z_]+)`", text_of(ROOT / "docs" / "set-up.md")))
    assert named <= documented, named - documented
