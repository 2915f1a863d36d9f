"""Tables in plain files: read, mended and reported on where they lie, for the command line and Python.

Knows nothing of arguments, streams or exit codes. Importing it loads no data or model library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ptm_demo.errors import BadOption, DataError, PtmError, SameColumn, TooFewRows
from ptm_demo.results import CsvReport
from ptm_demo.services.tokens import token_counter
from ptm_demo.settings import Settings

if TYPE_CHECKING:
    from ptm_demo.data import LabelledTexts, Limits, Table
    from ptm_demo.hubs import Hubs


@dataclass(frozen=True, slots=True)
class FileChoice:
    """Which file, which columns ("" = found), which fixes ("all" = every one), and which test file if there is one."""

    csv: Path
    text_column: str = ""
    label_column: str = ""
    fixes: tuple[str, ...] = ()
    eval_csv: Path | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A table that was read and mended, and what is known of it.

    Attributes:
        fixes: names of the fixes that were applied. removed, changed: rows dropped and rows changed, by fix.
        rows: what can be trained on; None when `error` says why nothing can.
        test: the rows of a test file of one's own, if there is one.
    """

    choice: FileChoice
    table: Table
    report: CsvReport
    fixes: tuple[str, ...]
    removed: Mapping[str, int]
    changed: Mapping[str, int]
    rows: LabelledTexts | None
    test: LabelledTexts | None
    error: PtmError | None


class FileService:
    """Files that the asker may read and write: never offered to a stranger."""

    def __init__(self, settings: Settings, hubs: Hubs) -> None:
        self._settings, self._hubs = settings, hubs

    def read(self, path: Path, *, one_column_ok: bool = False) -> Table:
        """Raises DataError: it is no table that can be read."""
        from ptm_demo.data import read_csv

        return read_csv(path, limits=self._limits, one_column_ok=one_column_ok)

    def check(self, choice: FileChoice, *, model_id: str = "", max_length: int = 128, pull: bool = False) -> Checked:
        """Read, mend and report.

        Args:
            model_id: whose tokens are counted; "" means the model that fits the texts.
            pull: bring that model here when it is not; otherwise lengths are then told in characters.

        Raises:
            DataError: a file is no table, or a column is not there. What is wrong with its rows is in the result instead.
            BadOption: there is no such fix.
            ModelError, HubError: with `pull`, the model cannot be had.
        """
        from ptm_demo.data import apply_fixes, check, guess_columns

        if choice.text_column and choice.text_column == choice.label_column:
            raise SameColumn(column=choice.text_column)
        fixes = _fixes(choice.fixes)
        table = self.read(choice.csv)
        eval_table = None if choice.eval_csv is None else self.read(choice.eval_csv)
        guess = guess_columns(table, text_column=choice.text_column or None, label_column=choice.label_column or None)
        text, label = guess.text_column, guess.label_column
        fixed = apply_fixes(table, text, label, fixes, eval_table=eval_table)
        table, eval_table = fixed.table, fixed.eval_table
        counter = token_counter(self._hubs, model_id or _fitting_model(table.column(text)), pull=pull)

        def look(*columns: str | None) -> CsvReport:
            return check(table, *columns, max_length=max_length, count_tokens=counter, eval_table=eval_table, limits=self._limits)

        report = look(choice.text_column or None, choice.label_column or None)
        if (report.text_column, report.label_column) != (text, label):  # the fixes made other columns likelier
            report = look(text, label)
        rows, test, error = self._rows(table, eval_table, report)
        return Checked(choice, table, report, fixes, fixed.removed, fixed.changed, rows, test, error)

    def write_table(self, checked: Checked, out: Path) -> int:
        """Write the mended table, safe for a spreadsheet; how many cells were made so."""
        from ptm_demo.data import write_csv

        out.parent.mkdir(parents=True, exist_ok=True)
        return len(write_csv(checked.table.frame, out))

    def _rows(
        self, table: Table, eval_table: Table | None, report: CsvReport
    ) -> tuple[LabelledTexts | None, LabelledTexts | None, PtmError | None]:
        from ptm_demo.data import split, usable

        worst = next((problem for problem in report.problems if problem.severity == "error"), None)
        try:
            rows = usable(table, report.text_column, report.label_column, limits=self._limits)
            test = None if eval_table is None else labelled_rows(eval_table, report.text_column, report.label_column)
            if worst is None:
                return rows, test, None
            split(rows, test=test)  # says which label of the test table no training row has
        except PtmError as error:
            return None, None, error
        return None, None, DataError(detail=worst.message)

    @property
    def _limits(self) -> Limits:
        from ptm_demo.data import Limits

        return Limits.of(self._settings)


def labelled_rows(table: Table, text_column: str, label_column: str) -> LabelledTexts:
    """The labelled rows of a test table: fewer than training needs will do, and so will one class."""
    from ptm_demo.data.labelled import pick

    rows = pick(table, text_column, label_column)
    if not len(rows):
        raise TooFewRows(needed=1, rows=0)
    return rows


def _fitting_model(texts: list[str]) -> str:
    from ptm_demo.data.languages import languages, suggest_model

    return suggest_model(languages(texts))


def _fixes(names: Sequence[str]) -> tuple[str, ...]:
    from ptm_demo.data import FIXES

    known = ("all", *FIXES)
    for name in names:
        if name not in known:
            raise BadOption(option="--fix", expected=" or ".join(known), found=name)
    return FIXES if "all" in names else tuple(names)
