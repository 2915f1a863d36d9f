"""`export`: take a run along, as its adapter or as a whole transformers model."""

from __future__ import annotations

import argparse

from ptm_demo.cli.arguments import add_run, path
from ptm_demo.cli.command import Command, Context, Outcome
from ptm_demo.cli.tables import size


def configure(parser: argparse.ArgumentParser) -> None:
    add_run(parser)
    parser.add_argument(
        "--format",
        required=True,
        choices=("adapter", "merged"),
        help="adapter: the LoRA weights alone (small, needs its base model); merged: a transformers folder that stands alone",
    )
    parser.add_argument("--out", metavar="DIR", type=path, required=True, help="a new or empty folder")


def run(context: Context) -> Outcome:
    args = context.args
    opened = context.services.runs.open(args.run)
    out = context.services.asking.export(opened, args.format, args.out)
    return Outcome(
        {"path": str(out.path), "bytes": out.bytes, "format": args.format, "files": list(out.files)},
        f"wrote {len(out.files)} files, {size(out.bytes)}, to {out.path}",
    )


COMMAND = Command(
    name="export",
    order=5,
    summary="Write a run as a LoRA adapter or as a merged transformers model.",
    examples=("python -m ptm_demo export my-run --format merged --out my-model",),
    keys={"": "path, bytes, format, files"},
    configure=configure,
    run=run,
)
