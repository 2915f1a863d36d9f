"""`models`: the pretrained models on this machine: list, pull, tell about, remove."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ptm_demo.cli.command import Command, Context, Outcome
from ptm_demo.cli.parser import add_action
from ptm_demo.cli.tables import facts, size, table
from ptm_demo.results import ModelInfo


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    add_action(actions, "list", "List the models on this machine.")
    for name, summary in (
        ("pull", "Bring a model onto this machine."),
        ("info", "Tell what is known of a model, here or on the Hub."),
        ("rm", "Remove a model from this machine; runs that were tuned from it need it again."),
    ):
        action = add_action(actions, name, summary)
        action.add_argument("id", metavar="ID", help="a model's id, such as builtin:minilm or distilbert/distilbert-base-uncased")
        if name == "pull":
            action.add_argument("--revision", metavar="REV", default="", help="a commit, tag or branch of the model (default: the newest)")


def run(context: Context) -> Outcome:
    args = context.args
    hubs = context.services.hubs
    if args.action == "list":
        found = hubs.installed()
        return Outcome({"models": [_json(info) for info in found]}, _text(found))
    if args.action == "pull":
        pulled = hubs.pull(args.id, args.revision, progress=context.progress)
        info = hubs.info(args.id, pulled.revision)
        entry = _json(info) | {"path": str(pulled.path), "revision": pulled.revision}
        return Outcome({"models": [entry]}, f"{args.id} is here: {pulled.path}")
    if args.action == "info":
        info = hubs.info(args.id)
        return Outcome({"models": [_json(info)]}, _about(info))
    source = hubs.find(args.id).name
    freed = hubs.remove(args.id)
    return Outcome({"models": [{"id": args.id, "source": source, "path": "", "bytes": freed}]}, f"removed {args.id}, freed {size(freed)}")


def _json(info: ModelInfo) -> dict[str, Any]:
    return asdict(info)


def _text(found: Sequence[ModelInfo]) -> str:
    if not found:
        return "no models here yet: python -m ptm_demo models pull builtin:minilm brings one"
    rows = [(info.id, _millions(info), info.task, size(info.bytes), info.path) for info in found]
    return table(rows, header=("model", "parameters", "made for", "size", "folder"), right=(1, 3), indent="")


def _about(info: ModelInfo) -> str:
    return facts(
        [
            ("model", info.id),
            ("source", info.source),
            ("made for", info.task),
            ("architecture", info.model_type),
            ("parameters", _millions(info)),
            ("languages", ", ".join(info.languages)),
            ("licence", info.license),
            ("gated", "yes" if info.gated else ""),
            ("revision", info.revision),
            ("folder", info.path or "not on this machine"),
            ("size", size(info.bytes) if info.bytes else ""),
        ]
    )


def _millions(info: ModelInfo) -> str:
    return f"{info.parameters / 1e6:.1f} M" if info.parameters else ""


COMMAND = Command(
    name="models",
    order=7,
    summary="List, pull, look up and remove pretrained models.",
    examples=(
        "python -m ptm_demo models list",
        "python -m ptm_demo models pull builtin:e5-small",
        "python -m ptm_demo models info builtin:minilm",
    ),
    keys={
        "list": "models [{id, source, path, bytes, revision, parameters, task, license, languages, model_type, gated}]",
        "pull": "models [the pulled one]",
        "info": "models [the one asked for; path is empty when it is not here]",
        "rm": "models [{id, source, path, bytes}] (bytes freed)",
    },
    configure=configure,
    run=run,
    stopped="Stopped; files that arrived whole are kept, and pulling again goes on with the rest.",
)
