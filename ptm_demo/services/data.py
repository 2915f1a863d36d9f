"""Uploaded tables by id: read once, checked on request, fixed without touching the original."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from ptm_demo.errors import DatasetNotFound
from ptm_demo.results import ColumnGuess, CsvReport
from ptm_demo.services.tokens import token_counter
from ptm_demo.settings import Settings

if TYPE_CHECKING:
    from ptm_demo.data import FixResult, Table
    from ptm_demo.hubs import Hubs
    from ptm_demo.store import DatasetStore

SAMPLE = 2000  # texts that are enough to tell the language
_KEPT_TABLES = 8  # parsed tables held in memory; the file on disk is the truth


@dataclass(frozen=True, slots=True)
class DataChoice:
    """Which table, which columns, which fixes: all that is needed to make the same rows again."""

    dataset_id: str
    text_column: str
    label_column: str
    fixes: tuple[str, ...] = ()
    eval_dataset_id: str = ""


class DataService:
    """Tables of all owners; every call names the owner, and a stranger's table is simply not there."""

    def __init__(self, settings: Settings, store: DatasetStore, hubs: Hubs) -> None:
        self._settings, self._store, self._hubs = settings, store, hubs
        self._tables: OrderedDict[str, Table] = OrderedDict()
        self._lock = Lock()

    def add(self, source: Path | bytes, name: str, owner: str) -> str:
        """Keep a table if it can be read; returns its id.

        Raises:
            DataError: it is no table that can be read. Nothing is kept then.
        """
        from ptm_demo.data import Limits, read_csv

        table = read_csv(source, name, limits=Limits.of(self._settings))
        dataset_id = self._store.add(source, name, owner)
        self._remember(dataset_id, table)
        return dataset_id

    def add_text(self, text: str, owner: str) -> str:
        """Keep a pasted table."""
        return self.add(text.encode("utf-8"), "pasted table", owner)

    def add_example(self, name: str, owner: str) -> str:
        """Keep a copy of one of the example sets that ship."""
        from ptm_demo.data import EXAMPLES

        example = next((e for e in EXAMPLES if e.name == name), None)
        if example is None:
            raise DatasetNotFound(dataset_id=name)
        return self.add(example.path, example.path.name, owner)

    def table(self, dataset_id: str, owner: str) -> Table:
        """The table as it was uploaded.

        Raises:
            DatasetNotFound: there is none, or it is somebody else's.
        """
        from ptm_demo.data import Limits, read_csv

        info = self._store.info(dataset_id, owner=owner)
        with self._lock:
            if dataset_id in self._tables:
                self._tables.move_to_end(dataset_id)
                return self._tables[dataset_id]
        table = read_csv(self._store.path(dataset_id, owner=owner), info.name, limits=Limits.of(self._settings))
        self._remember(dataset_id, table)
        return table

    def path(self, dataset_id: str, owner: str) -> Path:
        return self._store.path(dataset_id, owner=owner)

    def delete(self, dataset_id: str, owner: str) -> None:
        self._store.delete(dataset_id, owner=owner)
        with self._lock:
            self._tables.pop(dataset_id, None)

    def expire(self, seconds: float) -> None:
        """Delete the tables that were uploaded longer ago than that."""
        self._store.expire(seconds)

    def guess(self, dataset_id: str, owner: str) -> ColumnGuess:
        from ptm_demo.data import guess_columns

        return guess_columns(self.table(dataset_id, owner))

    def report(self, choice: DataChoice, owner: str, *, max_length: int = 128, model_id: str = "") -> CsvReport:
        """Every problem of the chosen columns at once, after `choice.fixes` (none: as uploaded).

        Lengths are counted as `model_id` counts them (default: the model that suits the texts).
        """
        from ptm_demo.data import check
        from ptm_demo.data.languages import languages, suggest_model

        if choice.fixes:
            fixed = self.fixed(choice, owner)
            table, eval_table = fixed.table, fixed.eval_table  # both: merged labels must stay the same in the test table
        else:
            table, eval_table = self._tables_of(choice, owner)
        texts = table.frame[choice.text_column].tolist() if choice.text_column in table.frame.columns else []
        counter = token_counter(self._hubs, model_id or suggest_model(languages(texts)))
        return check(table, choice.text_column, choice.label_column, max_length=max_length, count_tokens=counter, eval_table=eval_table)

    def suggested_model(self, choice: DataChoice, owner: str) -> str:
        """The built-in model that suits the language of the texts (of an even sample, where there are many)."""
        from ptm_demo.data.languages import languages, suggest_model

        texts = self.table(choice.dataset_id, owner).column(choice.text_column)
        return suggest_model(languages(texts[:: max(1, len(texts) // SAMPLE)]))

    def fixed(self, choice: DataChoice, owner: str) -> FixResult:
        """The table after the chosen fixes, and what they changed."""
        from ptm_demo.data import apply_fixes

        table, eval_table = self._tables_of(choice, owner)
        return apply_fixes(table, choice.text_column, choice.label_column, choice.fixes, eval_table=eval_table)

    def export_fixed(self, choice: DataChoice, owner: str, out: Path) -> tuple[Path, int]:
        """Write the fixed table as a formula-safe CSV; returns the path and how many cells were made safe."""
        from ptm_demo.data import write_csv

        stem = re.sub(r"\W+", "_", Path(self.table(choice.dataset_id, owner).name).stem)[:60].strip("_") or "table"
        path = out / f"{stem}-fixed.csv"
        return path, len(write_csv(self.fixed(choice, owner).table.frame, path))

    def _tables_of(self, choice: DataChoice, owner: str) -> tuple[Table, Table | None]:
        """The table as it was uploaded, and the test table where there is one."""
        eval_table = self.table(choice.eval_dataset_id, owner) if choice.eval_dataset_id else None
        return self.table(choice.dataset_id, owner), eval_table

    def _remember(self, dataset_id: str, table: Table) -> None:
        with self._lock:
            self._tables[dataset_id] = table
            while len(self._tables) > _KEPT_TABLES:
                self._tables.popitem(last=False)
