"""What goes to which stream, and in which form."""

from __future__ import annotations

import io
import json
import math

from hypothesis import given
from hypothesis import strategies as st

from ptm_demo.cli.command import Outcome
from ptm_demo.cli.streams import ProgressLine, describe, one_line, plain, write_error, write_outcome
from ptm_demo.errors import RunNotFound
from ptm_demo.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def encoded(encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="backslashreplace", newline="\n")


def written(stream: io.TextIOWrapper) -> bytes:
    stream.flush()
    return stream.buffer.getvalue()  # type: ignore[attr-defined]


def test_json_is_one_line_where_nobody_reads_it_and_indented_on_a_terminal() -> None:
    outcome = Outcome({"a": [1, 2]}, "unused")
    pipe, terminal = io.StringIO(), Terminal()
    write_outcome(outcome, pipe, as_json=True)
    write_outcome(outcome, terminal, as_json=True)
    assert pipe.getvalue() == '{"a": [1, 2]}\n'
    assert terminal.getvalue().count("\n") == 6
    assert json.loads(terminal.getvalue()) == json.loads(pipe.getvalue())


def test_json_survives_every_encoding_and_broken_file_names() -> None:
    payload = {"path": "b\udce9.csv", "label": "退款", "accent": "é"}
    for encoding in ("utf-8", "ascii", "latin-1", "gb18030"):
        stream = encoded(encoding)
        write_outcome(Outcome(payload, ""), stream, as_json=True)
        assert json.loads(written(stream).decode(encoding)) == payload
    stream = encoded("utf-8")
    write_outcome(Outcome(payload, ""), stream, as_json=True)
    assert "退款".encode() in written(stream)  # readable where the encoding has it


def test_numbers_that_json_does_not_know_become_null() -> None:
    assert plain({"a": math.nan, "b": (math.inf, 1.5, True, None), 3: "x"}) == {"a": None, "b": [None, 1.5, True, None], "3": "x"}


def test_text_ends_with_one_line_break() -> None:
    stream = io.StringIO()
    write_outcome(Outcome({}, "two\nlines\n\n"), stream, as_json=False)
    assert stream.getvalue() == "two\nlines\n"


@given(st.text())
def test_one_line_is_one_printable_line(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert line.isprintable()


def test_an_error_takes_the_hint_of_the_command_line() -> None:
    stream = io.StringIO()
    write_error(RunNotFound(run="no\nsuch\x1b[31m"), stream)
    assert stream.getvalue() == "Expected a run called “no such\\x1b[31m”, but there is none. See `runs list`, or give the run's folder.\n"


def test_short_work_writes_no_progress_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    line = ProgressLine(stream)
    for step in range(100):
        line(Progress("train", step, 100, "steps"))
    line.close()
    assert stream.getvalue() == ""


def test_long_work_writes_a_plain_line_now_and_then() -> None:
    stream, clock = io.StringIO(), iter(range(0, 1000, 2))
    line = ProgressLine(stream, clock=lambda: float(next(clock)))
    for step in range(10):  # two seconds each
        line(Progress("train", step, 10, "steps", {"loss": 0.5}))
    assert stream.getvalue().splitlines() == [f"training {step}/10 steps · loss 0.500" for step in (3, 6, 9)]
    assert "\x1b" not in stream.getvalue()


def test_a_terminal_gets_one_line_that_is_wiped_at_the_end() -> None:
    stream = Terminal()
    line = ProgressLine(stream)
    line(Progress("train", 1, 2, "steps"))
    line.close()
    line.close()
    assert stream.getvalue() == "\r\x1b[Ktraining 1/2 steps\r\x1b[K"


def test_progress_is_told_in_its_own_unit() -> None:
    assert describe(Progress("pull", 45e6, 90e6, "bytes")) == "pulling the model 45/90 MB"
    assert describe(Progress("pull", 0.35, 1.0)) == "pulling the model 35%"
    assert describe(Progress("load")) == "loading the model"
    told = describe(Progress("train", 3, None, "steps", {"loss": math.nan, "rows_per_second": 38.2}))
    assert told == "training 3 steps · 38 rows/s"


def test_every_hint_fills_in_from_the_facts_of_its_error() -> None:
    import string

    from ptm_demo.cli.hints import HINTS
    from ptm_demo.errors import all_errors

    known = all_errors()
    for code, hint in HINTS.items():
        facts = {name for _, name, _, _ in string.Formatter().parse(known[code].message + known[code].hint) if name}
        assert {name for _, name, _, _ in string.Formatter().parse(hint) if name} <= facts


def test_no_hint_that_reaches_a_prompt_speaks_of_the_page() -> None:
    from ptm_demo.cli.hints import HINTS
    from ptm_demo.errors import all_errors

    for code, error in all_errors().items():
        if code in PAGE_ONLY:
            continue
        hint = HINTS.get(code, error.hint).lower()
        assert not any(word in hint for word in ("tick", "press ", "click", "upload", "button")), f"{code}: {hint}"


# The command line uses no jobs and keeps no uploads.
PAGE_ONLY = {"no_file", "data_not_ready", "dataset_not_found", "storage_quota", "job_interrupted", "job_not_resumable"}
