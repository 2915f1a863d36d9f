"""Which names the columns get: from the first line if that is a header, else made up. Knows nothing of quotes or encodings."""

from __future__ import annotations

from collections import Counter

from ptm_demo.data.names import is_known_name
from ptm_demo.data.problems import listed, problem
from ptm_demo.results import Problem

_LOOK = 2_000


def name_columns(records: list[list[str]]) -> tuple[list[str], list[list[str]], list[Problem]]:
    """Column names, the data rows, and what was odd about the names.

    Columns that have neither a name nor a cell with anything in it (a trailing separator in every line) are left out.
    """
    first, rest = records[0], records[1:]
    notes: list[Problem] = []
    if is_data(first, rest[:_LOOK]):
        width = Counter(len(row) for row in records[:_LOOK]).most_common(1)[0][0]
        names = [f"column_{i + 1}" for i in range(width)]
        notes.append(problem("no_header", 1, [1], ["; ".join(first)], names=listed(names)))
        return names, records, notes

    names = [cell.strip() for cell in first]
    width = _width(names, rest)
    missing = width - len(names)
    if missing == 1:
        names = ["", *names] if _all_different([row[0] for row in rest if len(row) == width]) else [*names, ""]
    names, rest = _drop_empty_columns(names, rest)
    made_up = [i for i, name in enumerate(names) if not name]
    for i in made_up:
        names[i] = f"column_{i + 1}"
    if missing == 1 and made_up:
        notes.append(
            problem("header_too_short", 1, named=len(names) - len(made_up), columns=len(names), names=listed([names[i] for i in made_up]))
        )
    elif made_up:
        notes.append(problem("unnamed_columns", len(made_up), names=listed([names[i] for i in made_up])))
    names, renamed = _unique(names)
    if renamed:
        notes.append(problem("duplicate_headers", len(renamed), names=listed(renamed)))
    return names, rest, notes


def is_data(first: list[str], rest: list[list[str]]) -> bool:
    """Whether the first record is a row of data: one of its cells is a value that keeps coming back below it."""
    if len(first) < 2 or any(is_known_name(cell) for cell in first):
        return False
    rows = [row for row in rest if len(row) == len(first)]
    if len(rows) < 4 or len(rows) < 0.5 * len(rest):
        return False
    for i, cell in enumerate(first):
        values = Counter(row[i].strip() for row in rows if row != first)
        if cell.strip() and len(values) <= max(2, len(rows) / 2) and values.get(cell.strip(), 0) > 0:
            return True
    return False


def _width(names: list[str], rows: list[list[str]]) -> int:
    """One more than the names when nearly every row has one cell more (an unnamed index), else as many as the names."""
    wider = sum(1 for row in rows if len(row) == len(names) + 1 and row[-1].strip())
    return len(names) + 1 if rows and wider >= 0.95 * len(rows) and len(rows) >= 3 else len(names)


def _all_different(cells: list[str]) -> bool:
    return len(set(cells)) == len(cells) and all(len(cell) <= 20 and len(cell.split()) <= 1 for cell in cells)


def _drop_empty_columns(names: list[str], rows: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    unnamed = {i for i, name in enumerate(names) if not name}
    if not unnamed:
        return names, rows
    used: set[int] = set()
    for row in rows:
        used |= {i for i in unnamed - used if i < len(row) and row[i].strip()}
        if used == unnamed:
            return names, rows
    gone = unnamed - used
    if len(gone) == len(names):
        gone = set(list(gone)[1:])
    return (
        [name for i, name in enumerate(names) if i not in gone],
        [[cell for i, cell in enumerate(row) if i not in gone] for row in rows],
    )


def _unique(names: list[str]) -> tuple[list[str], list[str]]:
    """Names with " (2)", " (3)" … after a repeated one, and the names that were so made."""
    taken = set(names)
    seen: set[str] = set()
    unique, renamed = [], []
    for name in names:
        new, n = name, 2
        while new in seen or (new != name and new in taken):
            new, n = f"{name} ({n})", n + 1
        if new != name:
            renamed.append(new)
        seen.add(new)
        unique.append(new)
    return unique, renamed
