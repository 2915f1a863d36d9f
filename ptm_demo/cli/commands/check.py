"""`check`: what a CSV holds and what is wrong with it, all at once; optionally mended and written again."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ptm_demo.cli.arguments import add_columns, add_csv, add_fixes, listed, path, whole
from ptm_demo.cli.command import Command, Context, Outcome
from ptm_demo.cli.problems import problems_json, problems_text
from ptm_demo.cli.tables import facts, table
from ptm_demo.errors import BadOption

if TYPE_CHECKING:
    from ptm_demo.services.files import Checked

_MOST_LABELS = 20


def configure(parser: argparse.ArgumentParser) -> None:
    add_csv(parser)
    add_columns(parser)
    parser.add_argument("--eval-csv", metavar="F", type=path, help="a test CSV of your own: rows that it shares with CSV are reported")
    add_fixes(parser)
    parser.add_argument(
        "--out", metavar="F", type=path, help="write the table, mended as --fix says, as CSV (UTF-8, safe to open in a spreadsheet)"
    )
    parser.add_argument(
        "--model", metavar="M", default="", help="count tokens as this built-in model does (default: the one that fits the texts)"
    )
    parser.add_argument(
        "--max-length",
        metavar="N",
        type=whole,
        default=128,
        help="tokens a model will read, to tell how many texts are longer (default: 128)",
    )


def run(context: Context) -> Outcome:
    from ptm_demo.services.files import FileChoice

    args = context.args
    if args.max_length < 8:
        raise BadOption(option="--max-length", expected="a whole number from 8", found=args.max_length)
    files = context.services.files
    choice = FileChoice(args.csv, args.text, args.label, listed(args.fix), args.eval_csv)
    checked = files.check(choice, model_id=args.model, max_length=args.max_length, pull=bool(args.model))
    payload = _payload(checked)
    lines = [_text(checked)]
    if args.out is not None:
        cells = files.write_table(checked, args.out)
        payload |= {"path": str(args.out), "safe_cells": cells}
        note = f" ({cells} cells that began like a formula got a leading ')" if cells else ""
        lines.append(f"wrote {len(checked.table.frame)} rows to {args.out}{note}")
    return Outcome(payload, "\n\n".join(lines), error=checked.error)


def _payload(checked: Checked) -> dict[str, Any]:
    report = checked.report
    return {
        "text_column": report.text_column,
        "label_column": report.label_column,
        "rows": report.rows,
        "usable_rows": report.usable_rows,
        "labels": dict(report.labels),
        "problems": problems_json(report),
        "fixed": {"removed": dict(checked.removed), "changed": dict(checked.changed)},
        "encoding": report.encoding,
        "delimiter": report.delimiter,
        "languages": dict(report.languages),
        "suggested_model": report.suggested_model,
        "majority_accuracy": report.majority_accuracy,
        "median_length": report.median_length,
        "length_unit": report.length_unit,
        "max_length": report.max_length,
        "truncated": report.truncated,
    }


def _text(checked: Checked) -> str:
    report = checked.report
    parts = [
        facts(
            [
                ("rows", f"{report.rows} ({report.usable_rows} usable)"),
                ("text column", report.text_column),
                ("label column", report.label_column),
                ("read as", f"{report.encoding}, separator {_name(report.delimiter)}"),
                ("text length", f"{report.median_length:.0f} {report.length_unit} (median)"),
                (
                    "cut off",
                    "" if not report.truncated else f"{report.truncated:.1%} of the texts have more than {report.max_length} tokens",
                ),
                ("model that fits", report.suggested_model),
                ("majority baseline", f"{report.majority_accuracy:.3f} accuracy, for always answering the most frequent label"),
            ]
        )
    ]
    labels = list(report.labels.items())
    total = sum(report.labels.values()) or 1
    if labels:
        shown = [(label, count, f"{count / total:.1%}") for label, count in labels[:_MOST_LABELS]]
        more = f"\n  … and {len(labels) - _MOST_LABELS} more" if len(labels) > _MOST_LABELS else ""
        parts.append(f"labels ({len(labels)})\n{table(shown, right=(1, 2))}{more}")
    done = [(name, f"{count} rows removed") for name, count in checked.removed.items() if count]
    done += [(name, f"{count} cells changed") for name, count in checked.changed.items() if count]
    if done:
        parts.append(f"mended\n{table(done)}")
    parts.append(problems_text(report))
    return "\n\n".join(parts)


def _name(delimiter: str) -> str:
    return {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}.get(delimiter, repr(delimiter))


COMMAND = Command(
    name="check",
    order=1,
    summary="Read a CSV, find its text and label columns, and list everything that is wrong with it.",
    examples=("python -m ptm_demo check reviews.csv", "python -m ptm_demo check reviews.csv --fix all --out clean.csv"),
    keys={
        "": "text_column, label_column, rows, usable_rows, labels {label: rows}, problems [{code, severity, count, rows, fix, message}], "
        "fixed {removed, changed}, encoding, delimiter, languages, suggested_model, majority_accuracy, median_length, length_unit, "
        "max_length, truncated; with --out also path, safe_cells"
    },
    configure=configure,
    run=run,
)
