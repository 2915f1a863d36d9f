"""`TextClassifier`: LoRA tuning of a pretrained model behind scikit-learn's interface. Puts hubs, tuning and store together."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from ptm_demo.data import LabelledTexts, split
from ptm_demo.errors import BadOption, NotFitted, OneClass, TooFewRows
from ptm_demo.hubs import Hubs
from ptm_demo.hubs.base import PulledModel
from ptm_demo.models.lora import merged, save_adapter
from ptm_demo.settings import Settings
from ptm_demo.store import draft_run, open_run
from ptm_demo.store.run import seal_run
from ptm_demo.tasks.batches import encode
from ptm_demo.tasks.classify import TextClassifierModel, classify_logits, load_run, predict_logits
from ptm_demo.tuning.config import TuneConfig
from ptm_demo.tuning.loop import class_indices, train
from ptm_demo.tuning.metrics import evaluate, held_out_rows, softmax

_KINDS = {"i": "int", "u": "int", "f": "float", "b": "bool"}


class TextClassifier(ClassifierMixin, BaseEstimator):
    """A pretrained model tuned on texts and labels.

        clf = TextClassifier("builtin:minilm").fit(texts, labels)
        clf.predict(texts); clf.predict_proba(texts); clf.score(texts, labels)
        clf.save("my-run"); TextClassifier.load("my-run")

    Args:
        model: a built-in or Hub id, or a folder of this machine.
        preset: "quick", "balanced" or "thorough"; the options below that are None take its values.
        epochs, batch_size, learning_rate, lora_r, lora_alpha, lora_dropout, max_length, target_modules, class_weights,
        early_stopping_patience, eval_fraction: see `TuneConfig`.
        seed: the same seed, rows, options and number of threads give the same classifier.
        threads: CPU threads while training (None: as torch is set).

    Attributes:
        classes_: the labels, sorted, as they were given; the columns of `predict_proba`.
        labels_: their names, as texts, in the same order.
        config_: the plan. history_: the training curves. validation_: figures on the rows held back for choosing the best
            checkpoint, or None when there were too few rows to hold any back.
    """

    def __init__(
        self,
        model: Any = "builtin:minilm",
        preset: str = "balanced",
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        lora_r: int | None = None,
        lora_alpha: float | None = None,
        lora_dropout: float | None = None,
        max_length: int | None = None,
        target_modules: Any = None,
        class_weights: bool = False,
        early_stopping_patience: int | None = None,
        eval_fraction: float | None = None,
        seed: int = 0,
        threads: int | None = None,
    ) -> None:
        self.model = model
        self.preset = preset
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.lora_r = lora_r
        self.lora_alpha = lora_alpha
        self.lora_dropout = lora_dropout
        self.max_length = max_length
        self.target_modules = target_modules
        self.class_weights = class_weights
        self.early_stopping_patience = early_stopping_patience
        self.eval_fraction = eval_fraction
        self.seed = seed
        self.threads = threads

    # --- scikit-learn's interface ---------------------------------------------------------------------------

    def fit(self, X: Iterable[str], y: Iterable[Any]) -> TextClassifier:
        """Tune on texts X [n] and labels y [n] (all texts, all numbers or all booleans).

        Raises:
            BadOption: X is no sequence of texts, the lengths differ, or an option cannot be.
            TooFewRows, OneClass: there is nothing to learn.
            ModelError, HubError: the model cannot be had.
        """
        texts, given = _texts(X), np.asarray(list(y))
        if len(texts) != len(given):
            raise BadOption(option="y", expected=f"one label for each of the {len(texts)} texts", found=f"{len(given)} labels")
        if len(texts) < 2:
            raise TooFewRows(needed=2, rows=len(texts))
        classes = np.unique(given)
        if len(classes) < 2:
            raise OneClass(column="y", label=classes[0])
        pulled = _pull(self.model)
        config = self._config(pulled)
        names = [str(label) for label in given.tolist()]
        labelled = LabelledTexts(texts, names, list(range(1, len(texts) + 1)))
        parts = split(labelled, eval_fraction=config.eval_share(len(texts)), test_fraction=0.0, seed=config.seed)
        tuned = train(parts, config, pulled, folder=None, threads=self.threads or 0)

        loaded = tuned.loaded
        length = min(config.max_length, loaded.max_length)
        self._facts = {"rows": len(texts), "seconds": tuned.seconds}
        self._adapter = _adapter_files(loaded.model, pulled)
        eval_ids = encode(loaded.tokenizer, parts.eval.texts, length, loaded.text_prefix)
        eval_truth = class_indices(parts.eval, tuned.labels)
        self._held: Any = ()
        self.validation_ = None
        if eval_ids:
            logits = predict_logits(loaded.model, eval_ids, loaded.tokenizer.pad_token_id)
            self.validation_ = evaluate(logits, eval_truth, tuned.labels)
            self._held = held_out_rows(logits, eval_truth, tuned.labels, parts.eval.texts, parts.eval.rows)
        loaded.model.eval()
        whole = merged(loaded.model, keep=False).requires_grad_(False)
        self._classifier = TextClassifierModel(replace(loaded, model=whole), length)
        self._pulled = pulled
        self._split = {"seed": config.seed, "train": parts.train.rows, "eval": parts.eval.rows, "test": []}
        self.config_ = config
        self.history_ = tuned.history
        self._take_classes(classes)
        return self

    def decision_function(self, X: Iterable[str]) -> np.ndarray:
        """Logits [n, classes], columns in the order of `classes_`; for two classes their difference [n], as scikit-learn wants it."""
        logits = self._logits(X)
        return logits[:, 1] - logits[:, 0] if logits.shape[1] == 2 else logits

    def predict_proba(self, X: Iterable[str]) -> np.ndarray:
        """Probabilities [n, classes], columns in the order of `classes_`."""
        return softmax(self._logits(X))

    def predict(self, X: Iterable[str]) -> np.ndarray:
        """The most probable label of every text, of the type that `fit` was given."""
        best = self._logits(X).argmax(axis=1)
        found: np.ndarray = self.classes_[best]
        return found

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_classifier")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.input_tags.string = True
        return tags

    # --- keeping --------------------------------------------------------------------------------------------

    def save(self, folder: str | Path) -> Path:
        """Keep the classifier as a run folder, which the command line reads too; returns the folder.

        Its figures are those of the validation rows: the classifier has seen no other held-out rows.

        Raises:
            NotFitted, FolderNotEmpty, DiskFull, StoreError.
        """
        self._check_fitted()
        target = Path(folder)
        metrics, config = self.validation_, self.config_
        if metrics is None:
            metrics = evaluate(np.zeros((0, len(self.labels_)), dtype=np.float32), np.zeros(0, dtype=np.int64), self._classifier.labels)
        with draft_run(target) as draft:
            (draft.path / "adapter").mkdir()
            for name, content in self._adapter.items():
                (draft.path / "adapter" / name).write_bytes(content)
            self._classifier.loaded.tokenizer.save_pretrained(draft.path / "tokenizer")
            draft.write("labels.json", self._classifier.labels)
            draft.write("classes.json", {"kind": _KINDS.get(self.classes_.dtype.kind, "str"), "values": self.classes_})
            draft.write("config.json", config.to_dict())
            base = {"model_id": self._pulled.model_id, "revision": self._pulled.revision, "source": self._pulled.source}
            model_type = self._classifier.loaded.model.config.model_type
            draft.write("base.json", {**base, "text_prefix": self._pulled.text_prefix, "model_type": model_type})
            draft.write("metrics.json", metrics)
            draft.write("baselines.json", ())
            draft.write("suspects.json", ())
            draft.write("history.json", self.history_)
            draft.write("heldout.json", self._held)
            draft.write("split.json", {**self._split, "judged_on": "eval"})
            seal_run(
                draft,
                name=target.name,
                base_model=self._pulled.model_id,
                base_revision=self._pulled.revision,
                preset=config.preset,
                labels=self._classifier.labels,
                rows=int(self._facts["rows"]),
                accuracy=metrics.accuracy,
                accuracy_interval=metrics.accuracy_interval,
                macro_f1=metrics.macro_f1,
                seconds=self._facts["seconds"],
            )
        return target

    @classmethod
    def load(cls, folder: str | Path) -> TextClassifier:
        """The classifier of a run folder: one that `save` wrote, or one that the studio or the command line trained.

        Raises:
            RunNotFound, RunBroken: there is no complete run in it.
            ModelError, HubError: its base model cannot be had.
        """
        run = open_run(Path(folder))
        config = TuneConfig.from_dict(run.read("config.json", dict[str, Any]))
        base = run.read("base.json", dict[str, Any])
        pulled = Hubs(Settings.from_env(), allow_local=True).pull(base["model_id"], base["revision"])
        options = {name: value for name, value in config.to_dict().items() if name in cls._get_param_names()}
        found = cls(model=pulled.model_id, **options)
        found._classifier = load_run(run.path, pulled)
        found._pulled = pulled
        found._adapter = {path.name: path.read_bytes() for path in sorted((run.path / "adapter").iterdir())}
        found._facts = {"rows": run.summary.rows, "seconds": run.summary.seconds}
        found._held = run.read("heldout.json", list[dict[str, Any]])
        split_facts = run.read("split.json", dict[str, Any])
        found._split = {name: split_facts.get(name, []) for name in ("seed", "train", "eval", "test")}
        found.config_ = config
        found.history_ = tuple(run.read("history.json", list[dict[str, Any]]))
        found.validation_ = None
        values: Any = np.array(found._classifier.labels)
        if "classes.json" in run.manifest.files:
            kept = run.read("classes.json", dict[str, Any])
            values = np.array(kept["values"], dtype=kept["kind"] if kept["kind"] != "str" else np.str_)
        found._take_classes(np.sort(values))
        return found

    # --- small things ---------------------------------------------------------------------------------------

    def _config(self, pulled: PulledModel) -> TuneConfig:
        names = {"epochs", "batch_size", "learning_rate", "lora_r", "lora_alpha", "lora_dropout", "max_length", "target_modules"}
        names |= {"class_weights", "early_stopping_patience", "eval_fraction", "seed"}
        options = {name: getattr(self, name) for name in names}
        if isinstance(options["target_modules"], list):
            options["target_modules"] = tuple(options["target_modules"])
        return TuneConfig.of(self.preset, model_id=pulled.model_id, **options)

    def _logits(self, X: Iterable[str]) -> np.ndarray:
        self._check_fitted()
        return classify_logits(self._classifier, _texts(X))[:, self._order]

    def _take_classes(self, classes: np.ndarray) -> None:
        self.classes_ = classes
        self.labels_ = tuple(str(label) for label in classes.tolist())
        place = {name: index for index, name in enumerate(self._classifier.labels)}
        self._order = [place[name] for name in self.labels_]

    def _check_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise NotFitted


def _texts(X: Any) -> list[str]:
    if isinstance(X, str | bytes):
        raise BadOption(option="X", expected="a sequence of texts", found="one text")
    if getattr(X, "ndim", 1) != 1:
        raise BadOption(option="X", expected="one text a row", found=f"a table of shape {X.shape}")
    texts = list(X)
    for number, text in enumerate(texts, start=1):
        if not isinstance(text, str):
            raise BadOption(option="X", expected="texts", found=f"{type(text).__name__} in place {number}")
    return [str(text) for text in texts]


def _pull(model: Any) -> PulledModel:
    if isinstance(model, PulledModel):
        return model
    return Hubs(Settings.from_env(), allow_local=True).pull(str(model))


def _adapter_files(model: Any, pulled: PulledModel) -> dict[str, bytes]:
    """The adapter as the files it is kept in: small, and it survives merging and pickling."""
    with tempfile.TemporaryDirectory() as folder:
        save_adapter(model, Path(folder), model_id=pulled.model_id, revision=pulled.revision)
        return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}
