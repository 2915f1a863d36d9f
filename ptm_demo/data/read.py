"""A file, bytes or pasted text to a Table, with everything odd about it in `Table.notes`.

Nothing is parsed as a number or a date, no cell moves to another column unseen, and nothing but a PtmError comes out.
Knows nothing of which column is the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ptm_demo.data.decode import decode
from ptm_demo.data.dialect import excel_hint, find_dialect, preamble
from ptm_demo.data.header import name_columns
from ptm_demo.data.kinds import is_json, kind_of
from ptm_demo.data.limits import Limits
from ptm_demo.data.problems import problem
from ptm_demo.data.ragged import square
from ptm_demo.data.records import Dialect, NeverClosed, Record, line_ends, records
from ptm_demo.data.table import Table, frame_of
from ptm_demo.data.write import unguard
from ptm_demo.errors import (
    DataError,
    EmptyFile,
    FileMissing,
    FileTooLarge,
    NotATable,
    OneColumn,
    TooManyColumns,
    TooManyRows,
    UnclosedQuote,
)
from ptm_demo.results import Problem
from ptm_demo.settings import MB

_DEFAULT_LIMITS = Limits()


def read_csv(source: Path | str | bytes, name: str = "", *, limits: Limits = _DEFAULT_LIMITS, one_column_ok: bool = False) -> Table:
    """Read a CSV or TSV file, given by its path or its bytes.

    Args:
        name: what to call it in messages; by default the file's name.
        one_column_ok: take a list of texts without labels, as for classifying; otherwise it raises OneColumn.

    Raises:
        FileMissing, FileTooLarge, EmptyFile, NotATable, UnknownEncoding, UnclosedQuote, OneColumn, TooManyRows, TooManyColumns.
    """
    if isinstance(source, bytes):
        name = name or "the file"
        _check_size(len(source), name, limits)
        data = source
    else:
        path = Path(source)
        name = name or path.name
        data = _read_bytes(path, name, limits)
    if not data.strip():
        raise EmptyFile(name=name)
    kind = kind_of(data)
    if kind:
        raise NotATable(name=name, found=kind)
    text, encoding = decode(data, name)
    del data
    return _read(text, name, encoding, limits, one_column_ok)


def read_text(text: str, limits: Limits = _DEFAULT_LIMITS, *, name: str = "the pasted table", one_column_ok: bool = False) -> Table:
    """Read a table that was pasted. Raises what `read_csv` raises, but for the file and its encoding."""
    _check_size(len(text), name, limits)
    if text.lstrip("\ufeff")[:6].lower().startswith(("<html", "<!doct")):
        raise NotATable(name=name, found="HTML")
    clean = text.encode("utf-8", errors="replace").decode("utf-8").removeprefix("\ufeff")
    return _read(clean, name, "", limits, one_column_ok)


def _check_size(size: int, name: str, limits: Limits) -> None:
    if size > limits.max_bytes:
        raise FileTooLarge(name=name, limit_mb=limits.max_bytes // MB, size_mb=round(size / MB, 1))


def _read_bytes(path: Path, name: str, limits: Limits) -> bytes:
    try:
        if path.is_dir():
            raise NotATable(name=name, found="a folder")
        if not path.is_file():
            raise FileMissing(name=path.name if path.exists() else str(path))
        _check_size(path.stat().st_size, name, limits)
        with path.open("rb") as file:
            data = file.read(limits.max_bytes + 1)  # it may have grown since
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        raise DataError(detail=f"{name} cannot be opened ({getattr(error, 'strerror', None) or error})") from error
    _check_size(len(data), name, limits)
    return data


def _read(text: str, name: str, encoding: str, limits: Limits, one_column_ok: bool) -> Table:
    if not text.strip():
        raise EmptyFile(name=name)
    if is_json(text):
        raise NotATable(name=name, found="JSON")
    hinted, skip = excel_hint(text)
    text = text[skip:]
    if not text.strip():
        raise EmptyFile(name=name)
    dialect = Dialect(hinted) if hinted in (",", ";", "\t", "|") else find_dialect(text)
    found = _records(text, dialect, name, limits, first_line=2 if skip else 1)
    if not found:
        raise EmptyFile(name=name)
    if max(len(record.cells) for record in found) < 2 and not one_column_ok:
        raise OneColumn(name=name, column=found[0].cells[0].strip()[:60])

    title = preamble([record.cells for record in found])
    above = [problem("preamble", title, examples=[text[record.start : record.end] for record in found[:title]])] if title else []
    found = found[title:]
    columns, rows, notes = name_columns([record.cells for record in found])
    skipped = len(found) - len(rows)
    if len(columns) < 2 and not one_column_ok:
        raise OneColumn(name=name, column=columns[0][:60])
    if len(columns) > limits.max_columns:
        raise TooManyColumns(name=name, limit=limits.max_columns, columns=len(columns))
    if not rows:
        raise EmptyFile(name=name)
    most = min(limits.max_rows, max(1, limits.max_cells // len(columns)))
    if len(rows) > most:
        raise TooManyRows(name=name, limit=most, rows=len(rows))

    sources = found[skipped:]
    cells, ragged = square(rows, columns, dialect.delimiter, lambda i: text[sources[i].start : sources[i].end])
    table_columns = {column: [row[i] for row in cells] for i, column in enumerate(columns)}
    del found, rows, cells  # the memory is needed for the frame
    stray = [i + 1 for i, record in enumerate(sources) if record.stray]
    notes = [*_encoding_note(encoding, text), *above, *notes, *ragged]
    if stray:
        notes.append(problem("stray_quotes", len(stray), stray, [text[sources[i - 1].start : sources[i - 1].end] for i in stray[:20]]))
    notes += _clean_cells(table_columns, limits)
    table_columns, numbers = _without_header_rows(table_columns, notes)
    return Table(frame_of(table_columns), name, encoding, dialect.delimiter, tuple(notes), numbers)


def _records(text: str, dialect: Dialect, name: str, limits: Limits, first_line: int) -> list[Record]:
    found: list[Record] = []
    most = limits.max_rows + 2  # the header, and one to see that there are too many
    try:
        for record in records(text, dialect, max_cells=4 * limits.max_columns):
            if not any(cell and not cell.isspace() for cell in record.cells):
                continue
            found.append(record)
            if len(found) >= most:
                # Exact unless quoted cells have line breaks; reading on would take long for a file of millions.
                rest = line_ends(text, record.end, len(text)) - text.count("\n\n", record.end)
                rows = len(found) - 1 + rest - (1 if text[-1] in "\r\n" else 0)
                raise TooManyRows(name=name, limit=limits.max_rows, rows=rows)
    except NeverClosed as error:
        raise UnclosedQuote(name=name, line=error.line + first_line - 1) from error
    return found


def _encoding_note(encoding: str, text: str) -> list[Problem]:
    plain = encoding in ("", "utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32") or text.isascii()
    return [] if plain else [problem("guessed_encoding", 1, encoding=encoding)]


def _clean_cells(columns: dict[str, list[str]], limits: Limits) -> list[Problem]:
    """Take off formula guards and cut what is too long, in place."""
    guarded: list[int] = []
    cut: list[int] = []
    examples: dict[int, str] = {}
    for cells in columns.values():
        for i, cell in enumerate(cells):
            if cell[:1] == "'" and (bare := unguard(cell)) != cell:
                examples.setdefault(i, cell)
                cells[i] = bare
                guarded.append(i)
            if len(cell) > limits.max_cell:
                cells[i] = cells[i][: limits.max_cell]
                cut.append(i)
    notes = []
    if guarded:
        notes.append(problem("guards_removed", len(guarded), _numbers(guarded), [examples[i] for i in sorted(examples)[:20]]))
    if cut:
        notes.append(problem("cells_cut", len(cut), _numbers(cut), limit=limits.max_cell))
    return notes


def _numbers(positions: Sequence[int]) -> list[int]:
    return [i + 1 for i in sorted(set(positions))]


def _without_header_rows(columns: dict[str, list[str]], notes: list[Problem]) -> tuple[dict[str, list[str]], tuple[int, ...]]:
    """Drop rows that say the column names again, as in files that were put one after another; the others keep their numbers."""
    names = list(columns)
    first = columns[names[0]]
    again = [i for i, cell in enumerate(first) if cell.strip() == names[0] and all(columns[n][i].strip() == n for n in names)]
    if not again or len(again) == len(first):
        return columns, ()
    notes.append(problem("repeated_headers", len(again), _numbers(again)))
    gone = set(again)
    kept = {name: [cell for i, cell in enumerate(cells) if i not in gone] for name, cells in columns.items()}
    return kept, tuple(i + 1 for i in range(len(first)) if i not in gone)
