"""How large a table may be. Knows nothing of how it is read."""

from __future__ import annotations

from dataclasses import dataclass

from ptm_demo.settings import MB, Settings


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest table that is read.

    Attributes:
        max_bytes: size of the file.
        max_rows: data rows, without the header.
        max_columns: columns.
        max_classes: different labels.
        max_cell: characters of one cell; a longer one is cut there and reported.
        max_cells: rows × columns: what bounds memory when a table is both long and wide.
    """

    max_bytes: int = 50 * MB
    max_rows: int = 100_000
    max_columns: int = 200
    max_classes: int = 200
    max_cell: int = 20_000
    max_cells: int = 4_000_000

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        return cls(
            max_bytes=settings.max_upload_bytes,
            max_rows=settings.max_rows,
            max_columns=settings.max_columns,
            max_classes=settings.max_classes,
        )
