"""Runs the command line in this process, with a home of its own, and hands back status and both streams."""

from __future__ import annotations

import contextlib
import io
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


def _environ(home: Path) -> dict[str, str]:
    """A home of one's own, no Hub, and one thread: a tiny model gains nothing from two."""
    return {"PTM_HOME": str(home), "PTM_OFFLINE": "1", "PTM_THREADS": "1"}


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory, models_cache: Path) -> Path:
    """Where the studio keeps things: one for all tests here, with the built-in models on its shelf."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "models").symlink_to(models_cache, target_is_directory=True)
    return folder


@pytest.fixture
def ptm(home: Path, capsys: pytest.CaptureFixture[str]) -> Ptm:
    def call(*words: str | Path, **environ: str) -> Done:
        status = main([str(word) for word in words], environ={**_environ(home), **environ})
        out, err = capsys.readouterr()
        return Done(status, out, err)

    return call


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random encoder as a model folder: trains in a moment."""
    from tests.tiny import build

    return build("bert", tmp_path_factory.mktemp("tiny"), std=0.3)


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """72 short texts under two labels, in words that the tiny model knows."""
    things, good, bad = (
        ("film", "movie", "book", "food", "phone", "story"),
        ("good", "great", "love", "fine"),
        ("bad", "awful", "hate", "poor"),
    )
    words = [(f"this {thing} is {word} {tail}", label) for thing in things for tail in ("", "and not cheap", "for my room")
             for label, some in (("up", good), ("down", bad)) for word in some]  # fmt: skip
    path = tmp_path_factory.mktemp("films") / "films.csv"
    path.write_text("text,label\n" + "".join(f"{text.strip()},{label}\n" for text, label in words[::2]), "utf-8")
    return path


@pytest.fixture(scope="session")
def run_folder(tiny: Path, films: Path, home: Path) -> Path:
    """A run that the command line trained on `films`."""
    folder = films.parent / "run"
    words = ["train", films, "--model", tiny, "--preset", "quick", "--learning-rate", "0.01", "--epochs", "6", "--out", folder, "--json"]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as err:
        assert main([str(word) for word in words], environ=_environ(home)) == 0, err.getvalue()
    return folder
