"""Metrics and baselines, for a script and for a reader. Knows nothing of how they are computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ptm_demo.cli.tables import clip, facts, seconds, table
from ptm_demo.results import Baseline, Interval, RunMetrics

_MOST_CLASSES = 20  # a confusion matrix of more does not fit a terminal
_BASELINES = {
    "majority": "most frequent label",
    "tfidf": "TF-IDF + logistic regression",
    "frozen": "frozen embeddings + logistic regression",
}


def metrics_json(metrics: RunMetrics) -> dict[str, Any]:
    """All figures but the confusion matrix and its labels, which stand beside it."""
    figures = asdict(metrics)
    del figures["confusion"], figures["labels"]
    return figures


def metrics_text(metrics: RunMetrics) -> str:
    head = facts(
        [
            ("rows", metrics.n),
            ("accuracy", f"{metrics.accuracy:.3f}  {_interval(metrics.accuracy_interval)}"),
            ("macro-F1", f"{metrics.macro_f1:.3f}  {_interval(metrics.macro_f1_interval)}"),
            ("calibration error", f"{metrics.calibration.ece:.3f}"),
        ]
    )
    rows = [(clip(c.label, 30), f"{c.precision:.3f}", f"{c.recall:.3f}", f"{c.f1:.3f}", c.support) for c in metrics.per_class]
    return f"{head}\n\n{table(rows, header=('label', 'precision', 'recall', 'F1', 'rows'), right=(1, 2, 3, 4))}"


def confusion_text(metrics: RunMetrics) -> str:
    if len(metrics.labels) > _MOST_CLASSES:
        return f"(the confusion matrix of {len(metrics.labels)} classes is in --json)"
    header = ("true \\ predicted", *(clip(label, 12) for label in metrics.labels))
    rows = [(clip(label, 30), *counts) for label, counts in zip(metrics.labels, metrics.confusion, strict=True)]
    return table(rows, header=header, right=tuple(range(1, len(header))))


def baselines_json(baselines: Sequence[Baseline]) -> list[dict[str, Any]]:
    return [asdict(baseline) for baseline in baselines]


def baselines_text(baselines: Sequence[Baseline], metrics: RunMetrics, taken: float) -> str:
    """The tuned run under the cheaper methods, judged on the same rows."""
    rows = [(_BASELINES.get(b.name, b.name), f"{b.accuracy:.3f}", f"{b.macro_f1:.3f}", seconds(b.seconds)) for b in baselines]
    rows.append(("this run (LoRA)", f"{metrics.accuracy:.3f}", f"{metrics.macro_f1:.3f}", seconds(taken)))
    return table(rows, header=("on the same rows", "accuracy", "macro-F1", "time"), right=(1, 2, 3))


def _interval(interval: Interval) -> str:
    return f"({interval.level:.0%} interval {interval.low:.3f}–{interval.high:.3f})"
