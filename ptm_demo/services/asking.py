"""Asks, judges and exports a run over plain files, for the command line and Python.

Knows nothing of arguments, streams or exit codes. Importing it loads no data or model library.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ptm_demo.errors import BadOption, UnseenLabel
from ptm_demo.progress import ProgressFn, ignore
from ptm_demo.results import Prediction, RunMetrics
from ptm_demo.services.answers import with_answers
from ptm_demo.services.classifiers import open_classifier
from ptm_demo.services.exporting import check_new_folder
from ptm_demo.services.files import FileChoice, FileService, labelled_rows
from ptm_demo.services.runs import RunService
from ptm_demo.store import Run

if TYPE_CHECKING:
    from ptm_demo.data import Table
    from ptm_demo.hubs import Hubs


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


class AskingService:
    """What a finished run can do with files that the asker may read and write."""

    def __init__(self, hubs: Hubs, files: FileService, runs: RunService) -> None:
        self._hubs, self._files, self._runs = hubs, files, runs

    def evaluate(self, run: Run, choice: FileChoice, progress: ProgressFn = ignore) -> RunMetrics:
        """Judge a run on a labelled file; columns are the run's own where the file has them, else found.

        Raises:
            DataError: the file is no table, has no labelled rows, or has a label that the run does not know.
            RunBroken, ModelError, HubError: the run cannot be loaded.
        """
        import numpy as np

        from ptm_demo.data import guess_columns

        table = self._files.read(choice.csv)
        text, label = (
            chosen or self._own(run, table, key)
            for chosen, key in ((choice.text_column, "text_column"), (choice.label_column, "label_column"))
        )
        guess = guess_columns(table, text_column=text or None, label_column=label or None)
        rows = labelled_rows(table, guess.text_column, guess.label_column)
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
        table = self._files.read(csv, one_column_ok=True)
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
        check_new_folder(out)
        path = self._runs.export(run, format, out)
        files = sorted(file for file in path.rglob("*") if file.is_file())
        return Exported(path, sum(file.stat().st_size for file in files), tuple(file.relative_to(path).as_posix() for file in files))

    def _own(self, run: Run, table: Table, key: str) -> str:
        """The column that the run was trained on if this table has it too, else ""."""
        split = run.read("split.json", dict[str, Any])
        return str(split.get(key, "")) if split.get(key) in table.columns else ""


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
