"""Exit statuses and streams, with commands made for the test: whatever happens ends in one line, never in a traceback."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from ptm_demo.cli.command import Command, CommandLineError, Context, Outcome
from ptm_demo.cli.interrupt import stop_on_interrupt
from ptm_demo.cli.main import main
from ptm_demo.cli.parser import Parser
from ptm_demo.errors import OneClass
from ptm_demo.progress import Cancelled, CancelToken, Progress

Run = Callable[[Context], Outcome | None]


def run_main(run: Run, tmp_path: Path, *argv: str) -> int:
    """`main` with a parser whose one command does `run`."""

    def make() -> argparse.ArgumentParser:
        parser = Parser(prog="test")
        parser.add_argument("--json", action="store_true")
        parser.set_defaults(command=Command("test", 0, "", (), {}, lambda parser: None, run, stopped="Stopped; kept."))
        return parser

    return main(list(argv), environ={"PTM_HOME": str(tmp_path)}, parser=make)


def test_a_result_goes_to_stdout_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(context: Context) -> Outcome:
        print("a library that prints")
        warnings.warn("a library that warns", UserWarning, stacklevel=1)
        context.progress(Progress("train", 1, 2))
        return Outcome({"answer": 42}, "the answer is 42")

    assert run_main(run, tmp_path, "--json") == 0
    out, err = capsys.readouterr()
    assert out == '{"answer": 42}\n'
    assert err == "a library that prints\n"
    assert run_main(run, tmp_path) == 0
    assert capsys.readouterr().out == "the answer is 42\n"


def test_bad_input_is_one_line_and_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(context: Context) -> Outcome:
        raise OneClass(column="label\n", label="x")

    assert run_main(run, tmp_path) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "Expected at least two different labels in “label ”, but found only “x”. "
        "Name another column with --label, or add rows of a second class."
    ]


def test_an_outcome_may_come_with_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(context: Context) -> Outcome:
        return Outcome({"problems": 1}, "one problem", error=CommandLineError("Expected none, but found one. Mend it."))

    assert run_main(run, tmp_path, "--json") == 2
    assert capsys.readouterr() == ('{"problems": 1}\n', "Expected none, but found one. Mend it.\n")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "there.csv"), "there.csv"),
        (PermissionError(errno.EACCES, "Permission denied", "mine.csv"), "mine.csv"),
        (IsADirectoryError(errno.EISDIR, "Is a directory", "folder"), "folder"),
        (OSError(errno.ENAMETOOLONG, "File name too long", "x" * 300), "too long"),
        (OSError(errno.ENOSPC, "No space left on device", "out.csv"), "disk is full"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk is full"),
    ],
)
def test_files_that_cannot_be_used_are_bad_input(error: OSError, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(context: Context) -> Outcome:
        raise error

    assert run_main(run, tmp_path) == 2
    err = capsys.readouterr().err
    assert said in err
    assert len(err.splitlines()) == 1
    assert "xpected" in err


@pytest.mark.parametrize("error", [RuntimeError("wires\ncrossed"), OSError("odd"), AssertionError()])
def test_a_fault_is_one_line_that_names_the_log(error: Exception, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(context: Context) -> Outcome:
        raise error

    assert run_main(run, tmp_path) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    (log,) = (tmp_path / "logs").iterdir()
    assert str(log) in err
    assert "Traceback" not in err
    assert "Traceback" in log.read_text("utf-8")


def test_a_fault_is_told_also_where_no_log_can_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")

    def run(context: Context) -> Outcome:
        raise RuntimeError("wires crossed")

    assert run_main(run, tmp_path) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("stop", [KeyboardInterrupt, Cancelled])
def test_a_stop_is_one_line_and_status_130(stop: type[BaseException], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(context: Context) -> Outcome:
        raise stop

    assert run_main(run, tmp_path) == 130
    assert capsys.readouterr() == ("", "Stopped; kept.\n")


def test_a_setting_that_cannot_be_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "list"], environ={"PTM_THREADS": "many"}) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == ["Expected a whole number from 1 to 256 for PTM_THREADS, but found many. Correct that value."]


def test_the_first_ctrl_c_asks_and_the_second_ends() -> None:
    cancel = CancelToken()
    before = signal.getsignal(signal.SIGINT)
    with stop_on_interrupt(cancel):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
        assert cancel.cancelled
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)
    assert signal.getsignal(signal.SIGINT) is before


def test_help_and_version_leave_with_status_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("ptm_demo ")
    assert main(["train", "--help"]) == 0
    assert "python -m ptm_demo train reviews.csv" in capsys.readouterr().out


def test_help_loads_no_data_or_model_library() -> None:
    heavy = "{'torch', 'transformers', 'peft', 'pandas', 'numpy', 'sklearn', 'gradio', 'huggingface_hub'}"
    code = (
        f"import sys; from ptm_demo.cli import main; status = main(['--help']); print(status, {heavy} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == "0 set()\n"


def test_a_reader_that_goes_away_is_no_fault(tmp_path: Path) -> None:
    shell = f'"{sys.executable}" -m ptm_demo models list --json | true; exit "${{PIPESTATUS[0]}}"'
    done = subprocess.run(  # noqa: S602 - the pipe is the point, and the line is fixed
        shell, shell=True, executable="/bin/bash", capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "PTM_HOME": str(tmp_path)},
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr
