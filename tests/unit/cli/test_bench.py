"""`bench` hands on what a benchmark prints, and says in one line what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ptm_demo.cli.command import CommandLineError
from ptm_demo.cli.commands.bench import measure


def script(root: Path, body: str) -> None:
    (root / "benchmarks").mkdir(exist_ok=True)
    (root / "benchmarks" / "startup.py").write_text(f"import json, sys\n{body}\n", "utf-8")


def test_figures_are_handed_on_and_options_too(tmp_path: Path) -> None:
    script(tmp_path, "print(json.dumps({'seconds': 1.5, 'words': sys.argv[1:]}))")
    assert measure("startup", ["--runs", "3"], tmp_path) == {"seconds": 1.5, "words": ["--json", "--runs", "3"]}


@pytest.mark.parametrize(
    ("body", "said"),
    [("sys.exit(3)", "status 3"), ("print('fast')", "fast"), ("print([1])", "one JSON object"), ("print('{}{}')", "one JSON object")],
)
def test_a_benchmark_that_gives_none(body: str, said: str, tmp_path: Path) -> None:
    script(tmp_path, body)
    with pytest.raises(CommandLineError, match=r"^Expected ") as caught:
        measure("startup", [], tmp_path)
    assert said in str(caught.value)


def test_no_benchmark(tmp_path: Path) -> None:
    with pytest.raises(CommandLineError, match="there is none"):
        measure("startup", [], tmp_path)
