"""The studio over plain files, in this process: what the command line and scripts use where the page has uploads and jobs.

Knows nothing of arguments, streams or exit codes. Importing it loads no model library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ptm_demo.errors import BadOption, DataError, FolderNotEmpty, PtmError, SameColumn, TooFewRows, UnseenLabel
from ptm_demo.progress import ProgressFn, ignore
from ptm_demo.results import CsvReport, Prediction, RunMetrics
from ptm_demo.services.answers import with_answers
from ptm_demo.services.classifiers import open_classifier
from ptm_demo.services.runs import RunService
from ptm_demo.services.tokens import token_counter
from ptm_demo.settings import Settings

if TYPE_CHECKING:
    from ptm_demo.data import LabelledTexts, Limits, Table
    from ptm_demo.hubs import Hubs
    from ptm_demo.store import Run, RunStore


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
        removed, changed: rows dropped and rows changed, by fix.
        error: why no classifier can be trained on it, or None.
    """

    table: Table
    eval_table: Table | None
    report: CsvReport
    removed: Mapping[str, int]
    changed: Mapping[str, int]
    error: PtmError | None


@dataclass(frozen=True, slots=True)
class Answered:
    """The answers to a column of texts, None where the text is blank. `safe_cells` of the written file got a leading apostrophe."""

    text_column: str
    texts: tuple[str, ...]
    predictions: tuple[Prediction | None, ...]
    safe_cells: int = 0


@dataclass(frozen=True, slots=True)
class Exported:
    """A folder that was written. `files`: their paths inside it."""

    path: Path
    bytes: int
    files: tuple[str, ...]


class FileService:
    """Everything over files that the asker may read and write: never offered to a stranger."""

    def __init__(self, settings: Settings, hubs: Hubs, store: RunStore, runs: RunService) -> None:
        self._settings, self._hubs, self._store, self._runs = settings, hubs, store, runs

    def check(self, choice: FileChoice, *, model_id: str = "", max_length: int = 128) -> Checked:
        """Read, mend and report; "" as `model_id` counts tokens as the model that fits the texts.

        Raises:
            DataError: a file is no table, or a column is not there. What is wrong with its rows is reported instead.
            BadOption: there is no such fix.
        """
        from ptm_demo.data import apply_fixes, check, guess_columns

        if choice.text_column and choice.text_column == choice.label_column:
            raise SameColumn(column=choice.text_column)
        table = self._read(choice.csv)
        eval_table = None if choice.eval_csv is None else self._read(choice.eval_csv)
        guess = guess_columns(table, text_column=choice.text_column or None, label_column=choice.label_column or None)
        text, label = guess.text_column, guess.label_column
        fixed = apply_fixes(table, text, label, _fixes(choice.fixes), eval_table=eval_table)
        table, eval_table = fixed.table, fixed.eval_table
        counter = token_counter(self._hubs, model_id or _fitting_model(table.column(text)), pull=bool(model_id))

        def look(*columns: str | None) -> CsvReport:
            return check(table, *columns, max_length=max_length, count_tokens=counter, eval_table=eval_table, limits=self._limits)

        report = look(choice.text_column or None, choice.label_column or None)
        if (report.text_column, report.label_column) != (text, label):  # the fixes made other columns likelier
            report = look(text, label)
        return Checked(table, eval_table, report, fixed.removed, fixed.changed, self._error(table, eval_table, report))

    def _error(self, table: Table, eval_table: Table | None, report: CsvReport) -> PtmError | None:
        if not any(problem.severity == "error" for problem in report.problems):
            return None
        from ptm_demo.data import split

        try:
            split(
                self._usable(table, report),
                test=None if eval_table is None else _labelled(eval_table, report.text_column, report.label_column),
            )
        except PtmError as error:
            return error
        worst = next(problem for problem in report.problems if problem.severity == "error")
        return DataError(detail=worst.message)

    def write_table(self, checked: Checked, out: Path) -> int:
        """Write the mended table, safe for a spreadsheet; how many cells were made so."""
        from ptm_demo.data import write_csv

        out.parent.mkdir(parents=True, exist_ok=True)
        return len(write_csv(checked.table.frame, out))

    def evaluate(self, run: Run, choice: FileChoice, progress: ProgressFn = ignore) -> RunMetrics:
        """Judge a run on a labelled file; columns are the run's own where the file has them, else found.

        Raises:
            DataError: the file is no table, has no labelled rows, or has a label that the run does not know.
            RunBroken, ModelError, HubError: the run cannot be loaded.
        """
        import numpy as np

        from ptm_demo.data import guess_columns

        table = self._read(choice.csv)
        text, label = (
            chosen or self._own(run, table, key)
            for chosen, key in ((choice.text_column, "text_column"), (choice.label_column, "label_column"))
        )
        guess = guess_columns(table, text_column=text or None, label_column=label or None)
        rows = _labelled(table, guess.text_column, guess.label_column)
        truth = _class_indices(rows.labels, run.summary.labels, table.name)
        classifier = open_classifier(self._hubs, run)
        from ptm_demo.tasks.classify import classify_logits
        from ptm_demo.tuning.metrics import evaluate

        return evaluate(classify_logits(classifier, rows.texts, progress=progress), np.array(truth), classifier.labels)

    def predict(self, run: Run, texts: Sequence[str], progress: ProgressFn = ignore) -> list[Prediction | None]:
        """Answers in the order of `texts`; None for a blank one.

        Raises:
            BadOption: all texts are blank.
            RunBroken, ModelError, HubError: the run cannot be loaded.
        """
        places = [place for place, text in enumerate(texts) if text.strip()]
        if not places:
            raise BadOption(option="the texts", expected="at least one that is not blank", found="none")
        classifier = open_classifier(self._hubs, run)
        from ptm_demo.tasks.classify import classify

        answers: list[Prediction | None] = [None] * len(texts)
        for place, answer in zip(places, classify(classifier, [texts[place] for place in places], progress=progress), strict=True):
            answers[place] = answer
        return answers

    def predict_csv(self, run: Run, csv: Path, text_column: str = "", out: Path | None = None, progress: ProgressFn = ignore) -> Answered:
        """Answers for a column of a file; with `out` its rows are written with the answers added, safe for a spreadsheet."""
        from ptm_demo.data import guess_columns, write_csv

        if out is not None and out.exists() and out.resolve() == csv.resolve():
            raise BadOption(option="--out", expected="another file than the one that is read", found=out)
        table = self._read(csv, one_column_ok=True)
        column = text_column or self._own(run, table, "text_column") or guess_columns(table).text_column
        texts = table.column(column)
        predictions = self.predict(run, texts, progress)
        cells = 0
        if out is not None:
            out.parent.mkdir(parents=True, exist_ok=True)
            cells = len(write_csv(with_answers(table.frame, predictions, run.summary.labels), out))
        return Answered(column, tuple(texts), tuple(predictions), cells)

    def export(self, run: Run, format: str, out: Path) -> Exported:
        """Write a run into a new folder: see `RunService.export`."""
        self.check_out(out)
        path = self._runs.export(run, format, out)
        files = sorted(file for file in path.rglob("*") if file.is_file())
        return Exported(path, sum(file.stat().st_size for file in files), tuple(file.relative_to(path).as_posix() for file in files))

    def check_out(self, out: Path | None) -> None:
        """Refuse a folder that has files before the work, not after it. Raises FolderNotEmpty."""
        if out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise FolderNotEmpty(path=out)

    def _own(self, run: Run, table: Table, key: str) -> str:
        """The column that the run was trained on if this table has it too, else ""."""
        split = run.read("split.json", dict[str, Any])
        return str(split.get(key, "")) if split.get(key) in table.columns else ""

    def _usable(self, table: Table, report: CsvReport) -> LabelledTexts:
        from ptm_demo.data import usable

        return usable(table, report.text_column, report.label_column, limits=self._limits)

    @property
    def _limits(self) -> Limits:
        from ptm_demo.data import Limits

        return Limits.of(self._settings)

    def _read(self, path: Path, one_column_ok: bool = False) -> Table:
        from ptm_demo.data import read_csv

        return read_csv(path, limits=self._limits, one_column_ok=one_column_ok)


def _labelled(table: Table, text_column: str, label_column: str) -> LabelledTexts:
    """The labelled rows of a test table: fewer than training needs will do, and so will one class."""
    from ptm_demo.data.labelled import pick

    rows = pick(table, text_column, label_column)
    if not len(rows):
        raise TooFewRows(needed=1, rows=0)
    return rows


def _class_indices(found: Sequence[str], labels: Sequence[str], name: str) -> list[int]:
    """The class of each label that was found; another spelling of a known one (case, spaces) counts as that one."""
    from ptm_demo.data.normalise import label_key

    exact = {label: index for index, label in enumerate(labels)}
    loose = {label_key(label): index for label, index in reversed(exact.items())}
    indices = []
    for label in found:
        index = exact.get(label, loose.get(label_key(label)))
        if index is None:
            raise UnseenLabel(known=", ".join(labels[:10]), name=name, label=label)
        indices.append(index)
    return indices


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
