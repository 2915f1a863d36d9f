"""A table as it was read: every cell a string, exactly as it stood in the file. Knows nothing of texts and labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from ptm_demo.errors import UnknownColumn
from ptm_demo.results import Problem


@dataclass(frozen=True, eq=False)
class Table:
    """Rows and columns of strings.

    Attributes:
        frame: all columns of strings (never NaN), index 0 … n-1.
        name: what to call it in a sentence, usually the file's name.
        encoding: the encoding it was read with, such as "utf-8"; "" for pasted text.
        delimiter: the separator that was found: ",", ";", "|" or a tab; "" for a file of one column.
        notes: what was found while reading (ragged rows, no header …).
        numbers: for each row of `frame`, its number in the file it came from, 1-based; survives fixes that drop rows.
    """

    frame: pd.DataFrame
    name: str = "the table"
    encoding: str = ""
    delimiter: str = ","
    notes: tuple[Problem, ...] = ()
    numbers: Sequence[int] = field(default=())

    def __post_init__(self) -> None:
        if len(self.numbers) != len(self.frame):
            object.__setattr__(self, "numbers", range(1, len(self.frame) + 1))

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def columns(self) -> list[str]:
        return [str(name) for name in self.frame.columns]

    def column(self, name: str) -> list[str]:
        """The cells of one column, top to bottom.

        Raises:
            UnknownColumn: there is no such column.
        """
        if name not in self.frame.columns:
            raise UnknownColumn(column=name, columns=", ".join(self.columns))
        return list(self.frame[name])

    def keep(self, positions: Sequence[int]) -> Table:
        """The same table with only the rows at these positions (0-based), which keep their numbers."""
        frame = self.frame.iloc[list(positions)].reset_index(drop=True)
        return replace(self, frame=frame, numbers=tuple(self.numbers[i] for i in positions))

    def with_column(self, name: str, cells: Sequence[str]) -> Table:
        """The same table with one column's cells replaced."""
        frame = self.frame.copy()
        frame[name] = pd.Series(list(cells), dtype="str")
        return replace(self, frame=frame)


def frame_of(columns: dict[str, list[str]]) -> pd.DataFrame:
    """A frame of strings from columns of strings; nothing is parsed, so "007" and "NA" stay what they are."""
    return pd.DataFrame({name: pd.Series(cells, dtype="str") for name, cells in columns.items()})
