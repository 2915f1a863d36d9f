"""The confusion matrix as a table that can be clicked: rows are true labels, columns what the model said."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ptm_demo.results import RunMetrics

SHOWN = 16  # a wider matrix cannot be read; the most confused classes are shown then


def most_confused(metrics: RunMetrics) -> list[str]:
    """The labels shown, in class order: all of them, or the SHOWN with most mistakes in their row and column."""
    if len(metrics.labels) <= SHOWN:
        return list(metrics.labels)
    size = len(metrics.labels)
    wrong = [
        sum(metrics.confusion[i]) + sum(metrics.confusion[j][i] for j in range(size)) - 2 * metrics.confusion[i][i] for i in range(size)
    ]
    chosen = sorted(sorted(range(size), key=lambda i: -wrong[i])[:SHOWN])
    return [metrics.labels[i] for i in chosen]


def confusion_frame(metrics: RunMetrics, corner: str) -> Any:
    """A styled frame: the first column holds the true label; the deeper a cell's colour, the larger its share of the row."""
    labels = most_confused(metrics)
    index = [metrics.labels.index(label) for label in labels]
    counts = [[metrics.confusion[i][j] for j in index] for i in index]
    frame = pd.DataFrame(counts, columns=_distinct(labels, corner))
    frame.insert(0, corner, labels)
    totals = [max(1, sum(metrics.confusion[i])) for i in index]

    def colour(row: Any) -> list[str]:
        place = int(row.name)
        shares = [count / totals[place] for count in counts[place]]
        return ["font-weight: 600", *(_cell(share, j == place) for j, share in enumerate(shares))]

    return frame.style.apply(colour, axis=1)


def _distinct(labels: list[str], corner: str) -> list[str]:
    """Column names must differ from the corner's."""
    return [f"{label} " if label == corner else label for label in labels]


def _cell(share: float, right: bool) -> str:
    hue = "15, 115, 119" if right else "196, 84, 36"
    strength = 0.0 if share == 0 else 0.10 + 0.45 * share
    return f"background-color: rgba({hue}, {strength:.2f})"
