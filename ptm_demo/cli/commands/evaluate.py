"""`evaluate`: judge a run on a labelled CSV."""

from __future__ import annotations

import argparse

from ptm_demo.cli.arguments import add_columns, add_csv, add_run
from ptm_demo.cli.command import Command, Context, Outcome
from ptm_demo.cli.judged import confusion_text, metrics_json, metrics_text


def configure(parser: argparse.ArgumentParser) -> None:
    add_run(parser)
    add_csv(parser)
    add_columns(parser)


def run(context: Context) -> Outcome:
    from ptm_demo.services.files import FileChoice

    args = context.args
    opened = context.services.runs.open(args.run)
    metrics = context.services.asking.evaluate(opened, FileChoice(args.csv, args.text, args.label), progress=context.progress)
    return Outcome(
        {"metrics": metrics_json(metrics), "confusion": [list(row) for row in metrics.confusion], "labels": list(metrics.labels)},
        f"{metrics_text(metrics)}\n\n{confusion_text(metrics)}",
    )


COMMAND = Command(
    name="evaluate",
    order=3,
    summary="Judge a run on a labelled CSV that it was not trained on.",
    examples=("python -m ptm_demo evaluate my-run test.csv",),
    keys={
        "": "metrics {n, accuracy, accuracy_interval, macro_f1, macro_f1_interval, loss, "
        "per_class, calibration}, confusion (a row a true class), labels"
    },
    configure=configure,
    run=run,
)
