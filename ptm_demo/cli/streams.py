"""What is written where: one JSON object or text on stdout, progress and notices on stderr. Knows no command.

Everything that a library prints while a command works goes to stderr, so that stdout holds the result alone.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from ptm_demo.cli.command import Outcome
from ptm_demo.errors import PtmError
from ptm_demo.progress import Progress

_PLAIN_EVERY = 5.0  # seconds between progress lines where there is no terminal to overwrite a line on
_TTY_EVERY = 0.1
_STAGES = {
    "load": "loading the model",
    "pull": "pulling the model",
    "train": "training",
    "evaluate": "judging",
    "vectors": "reading with the untuned model",
    "baseline": "baselines",
    "suspects": "looking for wrong labels",
    "save": "saving",
    "verify": "comparing the saved run",
    "classify": "classifying",
}


def write_outcome(outcome: Outcome, stream: TextIO, as_json: bool) -> None:
    """Write the result: with `as_json` one JSON object (indented on a terminal), else its text."""
    if as_json:
        ascii_only = (getattr(stream, "encoding", None) or "").lower().replace("-", "") != "utf8"
        indent = 2 if stream.isatty() else None
        line = json.dumps(plain(outcome.payload), ensure_ascii=ascii_only, indent=indent, allow_nan=False)
    else:
        line = outcome.text
    if line:
        stream.write(line.rstrip("\n") + "\n")
    stream.flush()


def plain(value: Any) -> Any:
    """The value in JSON's own types; a number that JSON does not know (NaN, infinity) becomes null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value)


def one_line(text: str) -> str:
    """The text on one line, with control characters shown instead of obeyed."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in " ".join(text.split()))


class ProgressLine:
    """Shows progress on stderr: one line that is overwritten on a terminal, else a plain line every few seconds.

    `close` must be called before anything else is written to the same stream.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._tty, self._clock = stream, stream.isatty(), clock
        self._every = _TTY_EVERY if self._tty else _PLAIN_EVERY
        self._last: float | None = clock() - self._every if self._tty else None
        self._shown = False

    def __call__(self, progress: Progress) -> None:
        now = self._clock()
        if self._last is None:  # the first plain line waits: short work stays silent
            self._last = now
        if now - self._last < self._every:
            return
        self._last = now
        line = one_line(describe(progress))
        self._stream.write(f"\r\x1b[K{line}" if self._tty else line + "\n")
        self._stream.flush()
        self._shown = True

    def close(self) -> None:
        """Wipe the line, so that what follows starts on a clean one."""
        if self._tty and self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
        self._shown = False


def describe(progress: Progress) -> str:
    """ "training 45/120 steps · loss 0.41 · 38 rows/s"."""
    parts = [_STAGES.get(progress.stage, progress.stage)]
    if progress.unit == "bytes":
        total = f"/{progress.total / 1e6:.0f}" if progress.total else ""
        parts[0] += f" {progress.done / 1e6:.0f}{total} MB"
    elif not progress.unit and progress.fraction is not None:
        parts[0] += f" {progress.fraction:.0%}"
    elif progress.total or progress.done:
        total = f"/{progress.total:.0f}" if progress.total else ""
        parts[0] += f" {progress.done:.0f}{total} {progress.unit}".rstrip()
    names = {
        "loss": "loss {:.3f}",
        "eval_macro_f1": "validation macro-F1 {:.3f}",
        "rows_per_second": "{:.0f} rows/s",
        "seconds_left": "{:.0f} s left",
    }
    for name, form in names.items():
        value = progress.detail.get(name)
        if isinstance(value, int | float) and math.isfinite(value):
            parts.append(form.format(value))
    return " · ".join(parts)


def write_error(error: Exception | str, stream: TextIO | None = None) -> None:
    """One line on stderr."""
    from ptm_demo.cli.hints import sentence

    stream = stream or sys.stderr
    stream.write(one_line(sentence(error) if isinstance(error, PtmError) else str(error)) + "\n")
    stream.flush()
