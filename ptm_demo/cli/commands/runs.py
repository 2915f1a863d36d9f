"""`runs`: what training kept: list it, give it another name, delete it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ptm_demo.cli.arguments import add_run
from ptm_demo.cli.command import Command, CommandLineError, Context, Outcome
from ptm_demo.cli.parser import add_action
from ptm_demo.cli.tables import clip, size, table
from ptm_demo.results import RunSummary


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    add_action(actions, "list", "List the runs, newest first.")
    add_run(add_action(actions, "rm", "Delete a run and free its space."))
    rename = add_action(actions, "rename", "Give a run another name; its id stays.")
    add_run(rename)
    rename.add_argument("name", metavar="NAME", help="the new name")


def run(context: Context) -> Outcome:
    args = context.args
    runs = context.services.runs
    if args.action == "list":
        found = runs.list()
        return Outcome({"runs": [_json(summary) for summary in found]}, _text(found))
    if args.action == "rm":
        run_id = _id(context)
        freed = runs.delete(run_id, None)
        return Outcome({"removed": run_id, "bytes": freed}, f"deleted {run_id}, freed {size(freed)}")
    renamed = runs.rename(_id(context), args.name, None)
    return Outcome({"runs": [_json(renamed)]}, f"{renamed.id} is now called {renamed.name}")


def _id(context: Context) -> str:
    """The id that RUN names; a folder counts when it is one of the studio's own."""
    given = Path(context.args.run).expanduser()
    if not given.is_dir():
        return str(context.args.run)
    if given.resolve().parent != context.settings.runs_dir.resolve():
        raise CommandLineError(
            f"Expected a run of the studio (see `runs list`), but {given} lies elsewhere. Move or delete that folder yourself."
        )
    return given.resolve().name


def _json(summary: RunSummary) -> dict[str, Any]:
    return asdict(summary)


def _text(found: Sequence[RunSummary]) -> str:
    if not found:
        return "no runs yet: python -m ptm_demo train FILE.csv makes one"
    rows = [
        (s.id, clip(s.name, 32), clip(s.base_model, 24), s.rows, f"{s.accuracy:.3f}", f"{s.macro_f1:.3f}", size(s.bytes), s.created[:16])
        for s in found
    ]
    return table(rows, header=("run", "name", "model", "rows", "accuracy", "macro-F1", "size", "made (UTC)"), right=(3, 4, 5, 6), indent="")


COMMAND = Command(
    name="runs",
    order=6,
    summary="List, rename and delete what training kept.",
    examples=("python -m ptm_demo runs list", 'python -m ptm_demo runs rename RUN "support, march"', "python -m ptm_demo runs rm RUN"),
    keys={
        "list": "runs [{id, name, created, base_model, base_revision, preset, labels, rows, "
        "accuracy, accuracy_interval, macro_f1, seconds, bytes, path, owner}]",
        "rm": "removed, bytes",
        "rename": "runs [the renamed one]",
    },
    configure=configure,
    run=run,
)
