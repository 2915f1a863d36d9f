"""Puts a classifier's answers beside the rows they answer. Knows nothing of models or of files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ptm_demo.results import Prediction

if TYPE_CHECKING:
    import pandas as pd


def with_answers(frame: pd.DataFrame, predictions: Sequence[Prediction | None], labels: Sequence[str]) -> pd.DataFrame:
    """The frame with the label, its probability and every class's probability added to each row.

    Args:
        predictions: one a row; None (a blank text) leaves the row's new cells empty.
        labels: the classes, in the order of their columns.

    A new column that is called like one the frame has gets a number: nothing that was there is overwritten.
    """
    import pandas as pd

    added: dict[str, list[str]] = {
        "predicted_label": ["" if p is None else p.label for p in predictions],
        "probability": ["" if p is None else f"{p.prob:.4f}" for p in predictions],
    }
    for label in labels:
        added[f"p({label})"] = ["" if p is None else f"{p.probs[label]:.4f}" for p in predictions]
    taken = {str(name) for name in frame.columns}
    columns = {}
    for name, cells in added.items():
        free, number = name, 2
        while free in taken:
            free, number = f"{name} ({number})", number + 1
        taken.add(free)
        columns[free] = pd.Series(cells, dtype="str", index=frame.index)
    return pd.concat([frame, pd.DataFrame(columns, index=frame.index)], axis=1)
