"""Rows that have more or fewer cells than the header: made as wide as it without moving a cell to a wrong column.

A row that is too long usually has an unquoted separator in its text. Where exactly one way of joining neighbouring
cells gives back known values in the columns whose values repeat (the labels), it is joined so. Otherwise its whole line
is kept in the column with the longest cells and its other cells stay empty, so that it can be read but never teaches a wrong
label. Knows nothing of which column is the text.
"""

from __future__ import annotations

from collections.abc import Callable

from ptm_demo.data.problems import problem
from ptm_demo.results import Problem

_LOOK = 20_000


def square(
    rows: list[list[str]], columns: list[str], delimiter: str, line_of: Callable[[int], str]
) -> tuple[list[list[str]], list[Problem]]:
    """Rows with exactly one cell a column, and what had to be done for it.

    Args:
        line_of: the verbatim line of the row at a position.
    """
    width = len(columns)
    long = [i for i, row in enumerate(rows) if len(row) > width and any(cell.strip() for cell in row[width:])]
    short = [i for i, row in enumerate(rows) if len(row) < width]
    joined = 0
    tall = [i for i, row in enumerate(rows) if any("\n" in cell or "\r" in cell for cell in row)]
    known, longest = _known_values(rows, width) if long or tall else ({}, 0)
    swallowed = [i for i in tall if _has_a_row_inside(rows[i], width, delimiter, known)]
    result: list[list[str]] = []
    long_set = set(long)
    for i, row in enumerate(rows):
        if i in long_set:
            whole = _joined(row, width, delimiter, known)
            joined += whole is not None
            if whole is None:
                whole = [""] * width
                whole[longest] = line_of(i)
            result.append(whole)
        else:
            result.append(row[:width] if len(row) >= width else row + [""] * (width - len(row)))
    notes = []
    if long:
        notes.append(
            problem("rows_too_long", len(long), [i + 1 for i in long], [line_of(i) for i in long[:20]],
                    columns=width, joined=joined, column=columns[longest])
        )  # fmt: skip
    if swallowed:
        notes.append(problem("swallowed_rows", len(swallowed), [i + 1 for i in swallowed], [line_of(i) for i in swallowed[:20]]))
    if short:
        notes.append(problem("rows_too_short", len(short), [i + 1 for i in short], [line_of(i) for i in short[:20]], columns=width))
    return result, notes


def _known_values(rows: list[list[str]], width: int) -> tuple[dict[int, set[str]], int]:
    """For each column whose values repeat, those values; and the column with the longest cells."""
    regular = [row for row in rows if len(row) == width][:_LOOK]
    known: dict[int, set[str]] = {}
    longest, most = 0, -1
    for i in range(width):
        cells = [row[i].strip() for row in regular]
        values = set(cells) - {""}
        if len(cells) >= 4 and 0 < len(values) <= max(2, len(cells) / 3):
            known[i] = values
        total = sum(map(len, cells))
        if total > most:
            longest, most = i, total
    return known, longest


def _joined(row: list[str], width: int, delimiter: str, known: dict[int, set[str]]) -> list[str] | None:
    """The one way to join neighbouring cells so that every repeating column has a known value; None if none or several."""
    extra = len(row) - width
    if not known or extra > 500:
        return None
    fits = []
    for at in range(width):
        cells = [*row[:at], delimiter.join(row[at : at + extra + 1]), *row[at + extra + 1 :]]
        if all(cells[i].strip() in values for i, values in known.items()):
            fits.append(cells)
    return fits[0] if len(fits) == 1 else None


def _has_a_row_inside(row: list[str], width: int, delimiter: str, known: dict[int, set[str]]) -> bool:
    """Whether a line inside a quoted cell looks like a whole row: as many cells, and known values where values repeat."""
    lines = [line for cell in row if "\n" in cell or "\r" in cell for line in cell[:20_000].splitlines()[1:]]
    inside = [line.split(delimiter) for line in lines if delimiter and line.count(delimiter) == width - 1]
    return bool(known) and any(all(cells[i].strip() in values for i, values in known.items()) for cells in inside)
