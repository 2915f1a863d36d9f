"""Answers beside their rows: blank rows stay blank, and nothing that was there is overwritten."""

from __future__ import annotations

import pandas as pd

from ptm_demo.results import Prediction
from ptm_demo.services.answers import with_answers

UP = Prediction("up", 0.75, {"up": 0.75, "down": 0.25})


def test_every_row_gets_its_answer() -> None:
    frame = pd.DataFrame({"text": ["good", " "], "p(up)": ["old", "old"]}, dtype="str")
    found = with_answers(frame, [UP, None], ["down", "up"])
    assert list(found.columns) == ["text", "p(up)", "predicted_label", "probability", "p(down)", "p(up) (2)"]
    assert found.iloc[0].tolist() == ["good", "old", "up", "0.7500", "0.2500", "0.7500"]
    assert found.iloc[1].tolist() == [" ", "old", "", "", "", ""]
    assert list(frame.columns) == ["text", "p(up)"]  # the frame that was given is left alone


def test_no_rows() -> None:
    found = with_answers(pd.DataFrame({"text": []}, dtype="str"), [], ["a"])
    assert list(found.columns) == ["text", "predicted_label", "probability", "p(a)"]
    assert len(found) == 0
