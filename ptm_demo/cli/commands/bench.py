"""`bench`: run one of the project's benchmarks, which lie beside the package and print one JSON object with --json."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ptm_demo
from ptm_demo.cli.command import Command, CommandLineError, Context, Outcome
from ptm_demo.cli.tables import facts

BENCHMARKS = ("train", "startup")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name", choices=BENCHMARKS, metavar="NAME", help="train: rows a second, against Trainer + PEFT; startup: how soon the page answers"
    )
    parser.add_argument("options", nargs=argparse.REMAINDER, metavar="OPTIONS", help="handed on to the benchmark")


def run(context: Context) -> Outcome:
    args = context.args
    args.options, args.json = [option for option in args.options if option != "--json"], args.json or "--json" in args.options
    figures = measure(args.name, args.options, Path(ptm_demo.__file__).parent.parent)
    return Outcome(figures, facts([(name, value) for name, value in figures.items() if not isinstance(value, dict | list)]))


def measure(name: str, options: Sequence[str], root: Path) -> dict[str, Any]:
    """The figures of `benchmarks/<name>.py` below `root`, which prints them as one JSON object.

    Raises:
        CommandLineError: there is no such file, it failed, or it printed something else.
    """
    script = root / "benchmarks" / f"{name}.py"
    if not script.is_file():
        raise CommandLineError(
            f"Expected the benchmark {name} at {script}, but there is none. "
            "Run this in a copy of the project: an installed package has none."
        )
    done = subprocess.run([sys.executable, str(script), "--json", *options], cwd=root, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise CommandLineError(
            f"Expected figures from the benchmark {name}, but it ended with status {done.returncode}. Its own message stands above."
        )
    try:
        figures = json.loads(done.stdout)
    except ValueError:
        figures = None
    if not isinstance(figures, dict):
        raise CommandLineError(f"Expected one JSON object from the benchmark {name}, but found {done.stdout[:80]!r}. Look into {script}.")
    return figures


COMMAND = Command(
    name="bench",
    order=9,
    summary="Measure this machine: training speed, or how soon the page answers.",
    examples=("python -m ptm_demo bench startup",),
    keys={"": "the benchmark's own figures"},
    configure=configure,
    run=run,
)
