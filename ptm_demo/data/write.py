"""A table to a CSV file that a spreadsheet opens rightly and runs nothing of. Knows nothing of what the cells mean.

A cell that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, "CSV Injection"). A cell that already
begins with apostrophes and then such a character gets one more, so that `unguard` gives back every cell exactly.
"""

from __future__ import annotations

import csv
import errno
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ptm_demo.errors import DiskFull

_DANGEROUS = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


@dataclass(frozen=True, slots=True)
class ChangedCell:
    """A cell that was written with an apostrophe in front. `row` is 1-based; 0 is the header."""

    row: int
    column: str


def guard(cell: str) -> str:
    return "'" + cell if _DANGEROUS.match(cell) else cell


def unguard(cell: str) -> str:
    """The cell as it was before `guard`."""
    return cell[1:] if _GUARDED.match(cell) else cell


def write_csv(frame: pd.DataFrame, path: Path) -> tuple[ChangedCell, ...]:
    """Write the frame as CSV: UTF-8 with a byte-order mark (so that Excel shows Chinese), commas, CRLF.

    Only strings are guarded: a number stays a number.

    Returns:
        The cells that were changed, in reading order.

    Raises:
        DiskFull: there was no room.
    """
    changed: list[ChangedCell] = []
    columns = [str(name) for name in frame.columns]
    lines: list[list[object]] = [list(columns)]
    lines += [list(values) for values in frame.itertuples(index=False, name=None)]
    for number, cells in enumerate(lines):
        for i, cell in enumerate(cells):
            if isinstance(cell, float) and cell != cell:
                cells[i] = ""
            elif isinstance(cell, str):
                safe = guard(cell)
                if safe is not cell:
                    cells[i] = safe
                    changed.append(ChangedCell(number, columns[i]))
    try:
        with Path(path).open("w", encoding="utf-8-sig", errors="replace", newline="") as file:
            csv.writer(file).writerows(lines)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DiskFull(what=Path(path).name) from error
        raise
    return tuple(changed)
