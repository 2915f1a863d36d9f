"""`predict`: ask a tuned classifier for one text, several, or a whole CSV."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from ptm_demo.cli.arguments import add_run, path
from ptm_demo.cli.command import Command, Context, Outcome
from ptm_demo.cli.tables import clip, table
from ptm_demo.errors import BadOption
from ptm_demo.results import Prediction

_SHOWN_CLASSES = 4


def configure(parser: argparse.ArgumentParser) -> None:
    add_run(parser)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--text", metavar="T", nargs="+", action="extend", help="one or more texts, each in quotation marks")
    source.add_argument("--csv", metavar="F", type=path, help="a CSV or TSV file with a column of texts")
    parser.add_argument("--out", metavar="F", type=path, help="with --csv: write its rows with the answers added, as CSV")
    parser.add_argument(
        "--column", metavar="COL", default="", help="with --csv: the column of texts (default: the one the run was trained on, else found)"
    )


def run(context: Context) -> Outcome:
    args = context.args
    asking = context.services.asking
    opened = context.services.runs.open(args.run)
    if args.csv is None:
        if args.out is not None:
            raise BadOption(option="--out", expected="--csv beside it", found="--text")
        predictions = asking.predict(opened, args.text, context.progress)
        return Outcome({"predictions": _json(predictions)}, _text(args.text, predictions))
    answered = asking.predict_csv(opened, args.csv, args.column, args.out, progress=context.progress)
    payload: dict[str, Any] = {"predictions": _json(answered.predictions), "text_column": answered.text_column, "rows": len(answered.texts)}
    if args.out is None:
        return Outcome(payload, _text(answered.texts, answered.predictions))
    payload |= {"path": str(args.out), "safe_cells": answered.safe_cells}
    note = f" ({answered.safe_cells} cells that began like a formula got a leading ')" if answered.safe_cells else ""
    return Outcome(payload, f"wrote {len(answered.texts)} rows with their answers to {args.out}{note}")


def _json(predictions: Sequence[Prediction | None]) -> list[dict[str, Any] | None]:
    """In the order of the texts; null where a row's text is empty."""
    return [None if one is None else {"label": one.label, "prob": one.prob, "probs": dict(one.probs)} for one in predictions]


def _text(texts: Sequence[str], predictions: Sequence[Prediction | None]) -> str:
    rows = []
    for text, prediction in zip(texts, predictions, strict=True):
        if prediction is None:
            rows.append(("(empty text)", "", "", clip(text, 40)))
            continue
        others = sorted(((p, label) for label, p in prediction.probs.items() if label != prediction.label), reverse=True)
        rest = ", ".join(f"{label} {p:.3f}" for p, label in others[: _SHOWN_CLASSES - 1])
        rows.append((prediction.label, f"{prediction.prob:.3f}", rest, clip(text, 40)))
    return table(rows, indent="")


COMMAND = Command(
    name="predict",
    order=4,
    summary="Ask a run for the label of a text, or of every row of a CSV.",
    examples=(
        'python -m ptm_demo predict my-run --text "the parcel never came"',
        "python -m ptm_demo predict my-run --csv new.csv --out answered.csv",
    ),
    keys={
        "": "predictions [{label, prob, probs {label: probability}}] (null for an empty text); "
        "with --csv also text_column, rows; with --out also path, safe_cells"
    },
    configure=configure,
    run=run,
)
