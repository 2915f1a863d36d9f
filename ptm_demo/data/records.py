"""Text to records: cells, quotes and line ends (RFC 4180, read leniently). Knows nothing of headers or encodings.

Not the csv module, because a report has to say in which line a quotation mark was opened, which rows had one in the
wrong place, and because its limit on a cell's length is a setting of the whole process.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

_LINE_END = re.compile(r"\r\n|\n|\r")
_BLANK_LINES = re.compile(r"(?:[ \t]*+(?:\r\n|\n|\r))++")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How cells are separated and quoted.

    Attributes:
        delimiter: the separator, or "" when every line is one cell.
        quote: the quotation mark, or "" when there is none.
        backslash: a quotation mark inside quotes is written \\" rather than "".
    """

    delimiter: str = ","
    quote: str = '"'
    backslash: bool = False


class Record(NamedTuple):
    """One record. `line` is the line it begins in, 1-based. `stray` tells that a quotation mark stood in the wrong place."""

    cells: list[str]
    line: int
    stray: bool
    start: int
    end: int


class NeverClosed(Exception):
    """A quotation mark was opened in `line` and never closed."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


@lru_cache(maxsize=16)
def _patterns(dialect: Dialect) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A quoted cell with its marks, and what may follow it. Possessive, so that no text makes them slow."""
    quote, delimiter = re.escape(dialect.quote), re.escape(dialect.delimiter) or r"(?!)"
    inside = rf"[^{quote}\\]++|\\.|\\|{quote}{quote}" if dialect.backslash else rf"[^{quote}]++|{quote}{quote}"
    blank = " *+" if dialect.delimiter == "\t" else r"[ \t]*+"
    return (
        re.compile(rf"{blank}{quote}((?:{inside})*+)(?:{quote}{blank}({delimiter}|\r\n|\n|\r|\Z)|({quote})|\Z)", re.DOTALL),
        re.compile(rf"{delimiter}|\r\n|\n|\r|\Z"),
    )


def records(text: str, dialect: Dialect, max_cells: int = 100_000) -> Iterator[Record]:
    """Each record of a text; blank lines are passed over.

    Args:
        max_cells: a line is split into at most this many cells.

    Raises:
        NeverClosed: a quotation mark is open at the end of the text.
    """
    delimiter, quote = dialect.delimiter, dialect.quote
    position, line, end = 0, 1, len(text)
    plain_lines = "\r" not in text
    while position < end:
        if text[position] in "\n\r \t" and (blank := _BLANK_LINES.match(text, position)):
            line += line_ends(text, position, blank.end())
            position = blank.end()
            continue
        if plain_lines:
            stop = text.find("\n", position)
            stop = end if stop < 0 else stop
            following = stop + 1
        else:
            found = _LINE_END.search(text, position)
            stop, following = (found.start(), found.end()) if found else (end, end)
        row = text[position:stop]
        if not row or row.isspace():
            position, line = following, line + 1
            continue
        if not quote or quote not in row:
            cells = row.split(delimiter, max_cells) if delimiter else [row]
            yield Record(cells, line, False, position, stop)
            position, line = following, line + 1
            continue
        cells, stray, stop, following = _quoted(text, position, line, dialect, max_cells)
        yield Record(cells, line, stray, position, stop)
        line += line_ends(text, position, following)
        position = following


def line_ends(text: str, start: int, end: int) -> int:
    """Number of line ends between two positions, however they are written."""
    return text.count("\n", start, end) + text.count("\r", start, end) - text.count("\r\n", start, end)


def _quoted(text: str, position: int, line: int, dialect: Dialect, max_cells: int) -> tuple[list[str], bool, int, int]:
    """Cells of one record with quotation marks; where it stops and where the next begins."""
    cell_pattern, end_pattern = _patterns(dialect)
    delimiter, quote = dialect.delimiter, dialect.quote
    cells: list[str] = []
    stray, start = False, position
    while True:
        match = cell_pattern.match(text, position)
        if match and delimiter == "\t" and _is_raw(match):
            match, stray = None, True
        if match and match.group(2) is not None:
            cell, ender, following = match.group(1).replace(quote + quote, quote), match.group(2), match.end()
            if dialect.backslash:
                cell = cell.replace("\\" + quote, quote)
        else:
            if match and match.group(3) is None:
                raise NeverClosed(line + line_ends(text, start, position))
            # No quoted cell, or one with more text after its closing mark: the marks are part of the text.
            found = end_pattern.search(text, position)
            stop = found.start() if found else len(text)
            cell = text[position:stop]
            ender, following = (found.group(), found.end()) if found else ("", stop)
            stray = stray or bool(match)
        cells.append(cell)
        if not ender or ender in ("\n", "\r", "\r\n") or len(cells) > max_cells:
            return cells, stray, following - len(ender), following
        position = following


def _is_raw(match: re.Match[str]) -> bool:
    """Whether a quoted cell of a tab-separated table is none: many such tables know no quoting, and a text may begin with a mark.

    A cell that goes over a line end and has tabs in it, or is never closed, would swallow rows.
    """
    never_closed = match.group(2) is None and match.group(3) is None
    return never_closed or ("\t" in match.group(1) and _LINE_END.search(match.group(1)) is not None)
