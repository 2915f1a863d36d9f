from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from ptm_demo.errors import StoreError
from ptm_demo.results import CurvePoint, Estimate, Interval, Prediction, RunSummary
from ptm_demo.store import read_json, serial, write_json

VALUES = [
    Interval(0.1, 0.9, "wilson"),
    Estimate(1.0, 2.0, 3, 4, 5, 6, 7.5),
    CurvePoint(3, 1.5, loss=0.25),
    Prediction("好", 0.75, {"好": 0.75, "bad": 0.25}),
    RunSummary("i", "n", "2026", "o", "b", "r", "p", ("a", "b"), 3, 0.5, Interval(0, 1, "wilson"), 0.5, 1.0, 2, "/p"),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_what_is_written_is_read(value: object, tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", value)
    assert read_json(tmp_path / "a.json", type(value)) == value


def test_lists_of_results_and_numbers_that_are_none(tmp_path: Path) -> None:
    points = [CurvePoint(1, 0.5, loss=math.nan), CurvePoint(2, 1.0, loss=math.inf)]
    write_json(tmp_path / "a.json", points)
    read = read_json(tmp_path / "a.json", list[CurvePoint])
    assert math.isnan(read[0].loss)
    assert read[1] == points[1]


def test_numpy_paths_and_text_of_any_kind(tmp_path: Path) -> None:
    value = {"n": np.float32(0.5), "v": np.arange(3), "p": Path("/a"), "t": "中\ud800\n", "s": (1, 2)}
    write_json(tmp_path / "a.json", value)
    assert read_json(tmp_path / "a.json", dict) == {"n": 0.5, "v": [0, 1, 2], "p": "/a", "t": "中\ud800\n", "s": [1, 2]}


def test_dump_is_plain_json() -> None:
    assert json.loads(serial.dump(VALUES[0])) == {"low": 0.1, "high": 0.9, "method": "wilson", "level": 0.95}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"low": "x"}', b"\xff\xfe", b"null"])
def test_a_damaged_file_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(StoreError, match=r"a\.json is damaged"):
        read_json(tmp_path / "a.json", Interval)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"a\.json: No such file"):
        read_json(tmp_path / "a.json", Interval)
