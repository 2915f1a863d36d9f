"""What the studio's parts hand to each other: frozen, typed results. Knows only the standard library.

Units: probabilities and shares are 0…1, times are seconds, sizes are bytes, row numbers count data rows from 1
(the header is not a row), class indices follow the order of `labels`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

# --- models ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One model on a shelf or a hub.

    Attributes:
        id: "builtin:minilm", "org/name", or a folder's path.
        source: name of the hub it comes from: "builtin", "huggingface", "local".
        path: its folder on this machine, or "" when it is not here yet.
        bytes: size of its files on this machine (0 when not here).
        revision: commit or content hash that pins it; "" when unknown.
        parameters: number of parameters, or None when unknown.
        task: what it was made for, as the Hub names it ("feature-extraction", "text-generation", …).
    """

    id: str
    source: str
    path: str = ""
    bytes: int = 0
    revision: str = ""
    parameters: int | None = None
    task: str = ""
    license: str = ""
    languages: tuple[str, ...] = ()
    model_type: str = ""
    gated: bool = False


# --- data -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ColumnGuess:
    """Which column is the text and which the label, and how sure that is (0…1), with every column's own score."""

    text_column: str
    text_confidence: float
    label_column: str
    label_confidence: float


Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that the data report found.

    Attributes:
        code: what kind it is, e.g. "exact_duplicates"; the page looks up ``problem.<code>``.
        severity: "error" stops training, "warning" will cost quality, "info" is worth knowing.
        count: how many rows (or columns, or classes) it touches.
        rows: the first of those rows' numbers (at most 20), 1-based.
        fix: name of the fix that mends it, or "" when there is none.
        message: one English sentence; `params` are its facts, for other languages.
        examples: up to 5 short excerpts for a reader, verbatim from the file (escape before showing).
    """

    code: str
    severity: Severity
    count: int
    rows: tuple[int, ...]
    fix: str
    message: str
    params: Mapping[str, Any] = field(default_factory=dict)
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CsvReport:
    """All that is known of a table before training, with all problems at once.

    Attributes:
        labels: rows by label, most frequent first.
        lengths: histogram of text lengths in tokens (or characters): (low, high, rows) a bin.
        truncated: share of texts longer than `max_length` tokens, or None when no tokenizer was given.
        languages: rows by script group ("en", "zh", "mixed", "other").
        suggested_model: the built-in model that fits the texts' language.
        majority_accuracy: accuracy of always answering the most frequent label.
    """

    text_column: str
    label_column: str
    rows: int
    usable_rows: int
    labels: Mapping[str, int]
    problems: tuple[Problem, ...]
    lengths: tuple[tuple[float, float, int], ...]
    length_unit: Literal["tokens", "characters"]
    median_length: float
    truncated: float | None
    max_length: int
    languages: Mapping[str, int]
    suggested_model: str
    majority_accuracy: float
    encoding: str = ""
    delimiter: str = ""


# --- training and judging -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval and how it was made ("wilson", "bootstrap")."""

    low: float
    high: float
    method: str
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class ClassMetrics:
    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Rows whose confidence lies in [low, high): their mean confidence and how many were right."""

    low: float
    high: float
    confidence: float
    accuracy: float
    count: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """Expected calibration error (Guo et al. 2017, arXiv 1706.04599) over equal-width bins."""

    ece: float
    bins: tuple[CalibrationBin, ...]


@dataclass(frozen=True, slots=True)
class RunMetrics:
    """How good a classifier is on n held-out rows.

    Attributes:
        confusion: rows are true classes, columns predicted ones, in the order of `labels`.
        loss: mean cross-entropy in nats.
    """

    n: int
    labels: tuple[str, ...]
    accuracy: float
    accuracy_interval: Interval
    macro_f1: float
    macro_f1_interval: Interval
    per_class: tuple[ClassMetrics, ...]
    confusion: tuple[tuple[int, ...], ...]
    calibration: Calibration
    loss: float


@dataclass(frozen=True, slots=True)
class Baseline:
    """A cheaper method judged on the same split: "majority", "tfidf" or "frozen"."""

    name: str
    accuracy: float
    accuracy_interval: Interval
    macro_f1: float
    seconds: float


@dataclass(frozen=True, slots=True)
class HeldOutRow:
    """One held-out row and what the tuned model said. `row` is its number in the file it came from."""

    row: int
    text: str
    label: str
    predicted: str
    confidence: float
    label_probability: float


@dataclass(frozen=True, slots=True)
class SuspectLabel:
    """A row whose given label an out-of-sample model finds unlikely (confident learning, Northcutt et al. 2021)."""

    row: int
    text: str
    label: str
    suggested: str
    label_probability: float
    suggested_probability: float


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One point of a training curve. Training points have loss and learning_rate; evaluation points have the eval_ three."""

    step: int
    epoch: float
    loss: float | None = None
    learning_rate: float | None = None
    eval_loss: float | None = None
    eval_accuracy: float | None = None
    eval_macro_f1: float | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """Time and memory that a plan will take, as ranges, from steps timed on this machine.

    Attributes:
        steps: optimizer steps of the whole plan. timed_steps: how many were really run to measure.
        seconds_low, seconds_high: the whole job from click to kept run.
        bytes_low, bytes_high: peak memory of the training process.
    """

    seconds_low: float
    seconds_high: float
    bytes_low: int
    bytes_high: int
    steps: int
    timed_steps: int
    rows_per_second: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """One text's answer: the label, its probability, and all classes' probabilities by label (sum 1)."""

    label: str
    prob: float
    probs: Mapping[str, float]


# --- runs -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One line of the list of runs; what a table needs without opening weights. `created` is ISO 8601 in UTC."""

    id: str
    name: str
    created: str
    owner: str
    base_model: str
    base_revision: str
    preset: str
    labels: tuple[str, ...]
    rows: int
    accuracy: float
    accuracy_interval: Interval
    macro_f1: float
    seconds: float
    bytes: int
    path: str
