"""`bench`: run one of the project's benchmarks, which lie beside the package and print one JSON object with --json."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

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
    root = Path(ptm_demo.__file__).parent.parent
    script = root / "benchmarks" / f"{args.name}.py"
    if not script.is_file():
        raise CommandLineError(
            f"Expected the benchmark {args.name} at {script}, but there is none. "
            "Run this in a copy of the project: an installed package has none."
        )
    done = subprocess.run([sys.executable, str(script), "--json", *args.options], cwd=root, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise CommandLineError(
            f"Expected figures from the benchmark {args.name}, but it ended with status {done.returncode}. Its own message stands above."
        )
    figures = json.loads(done.stdout)
    return Outcome(figures, facts([(name, value) for name, value in figures.items() if not isinstance(value, dict | list)]))


COMMAND = Command(
    name="bench",
    order=9,
    summary="Measure this machine: training speed, or how soon the page answers.",
    examples=("python -m ptm_demo bench startup",),
    keys={"": "the benchmark's own figures"},
    configure=configure,
    run=run,
)
