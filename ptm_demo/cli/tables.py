"""Aligned text for a reader, with wide (East Asian) characters counted as two. No colours. Knows nothing of its content."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def width(text: str) -> int:
    """Columns the text takes on a terminal."""
    return sum(0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def clip(text: str, columns: int) -> str:
    """The text on one line in at most `columns` columns; what is cut off ends with an ellipsis."""
    text = " ".join(text.split())
    if width(text) <= columns:
        return text
    kept, used = "", 0
    for char in text:
        used += width(char)
        if used > columns - 1:
            break
        kept += char
    return kept.rstrip() + "…"


def table(rows: Sequence[Sequence[object]], header: Sequence[str] = (), right: Sequence[int] = (), indent: str = "  ") -> str:
    """Rows under each other in columns.

    Args:
        right: indices of the columns that end at the same place (numbers).
    """
    lines = [[str(cell) for cell in row] for row in ([header] if header else [])] + [[str(cell) for cell in row] for row in rows]
    if not lines:
        return ""
    widths = [max(width(line[i]) for line in lines) for i in range(len(lines[0]))]
    out = []
    for line in lines:
        cells = [_pad(cell, widths[i], i in right) for i, cell in enumerate(line)]
        out.append((indent + "  ".join(cells)).rstrip())
    return "\n".join(out)


def facts(pairs: Sequence[tuple[str, object]]) -> str:
    """Names and values under each other; pairs without a value are left out."""
    return table([(name, value) for name, value in pairs if value not in ("", None)], indent="")


def size(count: int) -> str:
    """Bytes for a reader: "812 B", "6.4 MB"."""
    value, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"


def seconds(value: float) -> str:
    """A duration for a reader: "0.8 s", "3 min 20 s"."""
    if value < 10:
        return f"{value:.1f} s"
    if value < 60:
        return f"{value:.0f} s"
    return f"{int(value) // 60} min {int(value) % 60} s"


def _pad(cell: str, columns: int, right: bool) -> str:
    space = " " * (columns - width(cell))
    return space + cell if right else cell + space
