"""Runs the command line in this process, with a home of its own, and hands back status and both streams."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ptm_demo.cli import main


@dataclass(frozen=True)
class Done:
    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object that stdout is."""
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value

    @property
    def line(self) -> str:
        """The one line that stderr is."""
        assert len(self.err.splitlines()) == 1, self.err
        assert "Traceback" not in self.err
        return self.err.strip()


Ptm = Callable[..., Done]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the studio keeps things: one for all tests here, so that a built-in model is made once."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def ptm(home: Path, capsys: pytest.CaptureFixture[str]) -> Ptm:
    def call(*words: str | Path, **environ: str) -> Done:
        status = main([str(word) for word in words], environ={"PTM_HOME": str(home), "PTM_OFFLINE": "1", **environ})
        out, err = capsys.readouterr()
        return Done(status, out, err)

    return call
