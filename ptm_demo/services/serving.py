"""Ask a classifier: a tuned run, or a text-classification model of the Hub. Loaded once, answered many times."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from ptm_demo.errors import BadOption, DataError
from ptm_demo.progress import Progress, ProgressFn, ignore
from ptm_demo.results import Prediction
from ptm_demo.services.answers import with_answers
from ptm_demo.services.classifiers import open_classifier
from ptm_demo.settings import Settings

if TYPE_CHECKING:
    from ptm_demo.hubs import Hubs
    from ptm_demo.store import RunStore

_KEPT_CLASSIFIERS = 4
MAX_TEXT = 100_000  # characters of one text that are looked at
MAX_TEXTS = 10_000  # texts of one request
CSV_CHUNK = 512  # rows between two reports of progress


class ServingService:
    """Classifiers by name: a run's id, or a model id with "/" in it. One lock a classifier, so answers never mix."""

    def __init__(self, settings: Settings, hubs: Hubs, store: RunStore) -> None:
        self._settings, self._hubs, self._store = settings, hubs, store
        self._loaded: OrderedDict[str, tuple[Any, Lock]] = OrderedDict()
        self._lock = Lock()

    def warm(self) -> None:
        """Import what answering needs, so that the first visitor does not wait for it."""
        import ptm_demo.tasks.classify

        del ptm_demo

    def labels(self, name: str, owner: str | None = None) -> tuple[str, ...]:
        classifier, _ = self._get(name, owner)
        return tuple(classifier.labels)

    def classify(self, name: str, texts: Sequence[str], owner: str | None = None) -> list[Prediction]:
        """Answers in the order of `texts`.

        Raises:
            RunNotFound, ModelError, HubError: there is no such classifier, or it cannot be loaded.
            BadOption: no text, an empty one, or too many.
        """
        from ptm_demo.tasks.classify import classify

        checked = _checked(texts)
        classifier, lock = self._get(name, owner)
        with lock:
            return classify(classifier, checked)

    def classify_csv(
        self, name: str, source: Path, file_name: str, text_column: str, out: Path, owner: str | None = None, progress: ProgressFn = ignore
    ) -> tuple[Path, int, int]:
        """Add a label, its probability and every class's probability to each row of a table.

        Returns:
            the path written, the number of rows, and how many cells were made formula-safe.
        """
        from ptm_demo.data import Limits, guess_columns, read_csv, write_csv

        table = read_csv(source, file_name, limits=Limits.of(self._settings), one_column_ok=True)
        column = text_column or self._own_column(name, owner, table.columns) or guess_columns(table).text_column
        texts = list(table.column(column))
        places = [place for place, text in enumerate(texts) if text.strip()]
        if not places:
            raise BadOption(option=column, expected="at least one text", found="none")
        answers: list[Prediction | None] = [None] * len(texts)
        for part in _chunks(places, CSV_CHUNK):
            for place, answer in zip(part, self.classify(name, [texts[place] for place in part], owner), strict=True):
                answers[place] = answer
            progress(Progress("classify", part[-1] + 1, len(texts), "rows"))
        return out, len(texts), len(write_csv(with_answers(table.frame, answers, self.labels(name, owner)), out))

    def _own_column(self, name: str, owner: str | None, columns: Sequence[str]) -> str:
        """The text column that a run was trained on, if the table has it too."""
        if "/" in name:
            return ""
        own = str(self._store.get(name, owner=owner).read("split.json", dict[str, Any]).get("text_column", ""))
        return own if own in columns else ""

    def _get(self, name: str, owner: str | None) -> tuple[Any, Lock]:
        run = None
        if "/" not in name and not name.startswith("builtin:"):
            run = self._store.get(name, owner=owner)  # asks for the owner each time: the cache is no authority
        with self._lock:
            if name in self._loaded:
                self._loaded.move_to_end(name)
                return self._loaded[name]
        if run is None:
            from ptm_demo.tasks.classify import load_hub_classifier

            classifier = load_hub_classifier(self._hubs.pull(name))
        else:
            classifier = open_classifier(self._hubs, run)
        with self._lock:
            entry = self._loaded.setdefault(name, (classifier, Lock()))
            while len(self._loaded) > _KEPT_CLASSIFIERS:
                self._loaded.popitem(last=False)
            return entry

    def forget(self, name: str) -> None:
        """Drop a classifier from memory (its run was deleted)."""
        with self._lock:
            self._loaded.pop(name, None)


def _checked(texts: Sequence[str]) -> list[str]:
    if not texts or not any(text.strip() for text in texts):
        raise BadOption(option="text", expected="at least one text", found="none")
    if len(texts) > MAX_TEXTS:
        raise DataError(detail=f"expected at most {MAX_TEXTS} texts in one request, found {len(texts)}")
    return [text[:MAX_TEXT] for text in texts]


def _chunks(items: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
