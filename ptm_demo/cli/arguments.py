"""Arguments that several commands share, and types that say what they expected. Knows no command."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

# Written out so that --help needs no data library; a test compares it with the data package's own list.
FIXES = ("trim", "merge_labels", "drop_empty", "drop_duplicates", "drop_conflicting", "drop_rare", "fix_leakage")


def whole(text: str) -> int:
    """A whole number as typed."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a whole number, not {text!r}") from None


def number(text: str) -> float:
    """A number as typed."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a number, not {text!r}") from None


def path(text: str) -> Path:
    """A path as typed; nothing typed is no path."""
    if not text.strip() or "\0" in text:
        raise argparse.ArgumentTypeError(f"a path, not {text!r}")
    return Path(text).expanduser()


def listed(words: Sequence[str]) -> tuple[str, ...]:
    """Names given apart or joined by commas: ["a", "b,c"] is a, b and c."""
    return tuple(name.strip() for word in words for name in word.split(",") if name.strip())


def add_columns(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--text", metavar="COL", default="", help="the column of texts (default: found by itself)")
    parser.add_argument("--label", metavar="COL", default="", help="the column of labels (default: found by itself)")


def add_fixes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--fix",
        metavar="NAME",
        nargs="+",
        action="extend",
        default=[],
        help=f"mend the rows before they are used: all, or any of {', '.join(FIXES)}",
    )


def add_csv(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("csv", metavar="CSV", type=path, help="a CSV or TSV file with a header line, a text and a label column")


def add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="a run's id (see `runs list`) or its folder")
