"""Runs one command and turns whatever happens into an exit status and at most one line on stderr. Knows no particular command."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ptm_demo.cli.command import CommandLineError, Context, Outcome
from ptm_demo.cli.parser import build_parser
from ptm_demo.cli.streams import ProgressLine, one_line, write_error, write_outcome
from ptm_demo.errors import FileMissing, PtmError, StoreError, disk_full
from ptm_demo.progress import Cancelled
from ptm_demo.settings import Settings, prepare_process

OK, FAULT, BAD_INPUT, STOPPED = 0, 1, 2, 130


def main(
    argv: Sequence[str] | None = None,
    *,
    environ: dict[str, str] | None = None,
    parser: Callable[[], argparse.ArgumentParser] = build_parser,
) -> int:
    """Run the command line `argv`.

    Args:
        argv, environ: arguments and environment; this process's by default.
        parser: makes the parser.

    Returns:
        the exit status: 0 done, 2 input that cannot be used, 1 a fault of the studio, 130 stopped by Ctrl-C.
    """
    prepare_process(environ)
    _make_streams_safe()
    settings: Settings | None = None
    args = argparse.Namespace()
    try:
        args = parser().parse_args(sys.argv[1:] if argv is None else list(argv))
        settings = Settings.from_env(environ)
        return _run(args, settings)
    except SystemExit as done:  # --help and --version
        return done.code if isinstance(done.code, int) else OK
    except (KeyboardInterrupt, Cancelled):
        command = getattr(args, "command", None)
        write_error(command.stopped if command else "Stopped; nothing was changed.")
        return STOPPED
    except (PtmError, CommandLineError) as error:
        write_error(error)
        return BAD_INPUT
    except BrokenPipeError:
        # The reader went away (`… | head`). Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAULT
    except OSError as error:
        if (known := _translate(error)) is not None:
            write_error(known)
            return BAD_INPUT
        return _fault(error, settings)
    except Exception as error:  # noqa: BLE001 - the last border: nobody at a prompt is shown a traceback
        return _fault(error, settings)


def _run(args: argparse.Namespace, settings: Settings) -> int:
    out, line = sys.stdout, ProgressLine(sys.stderr)

    def notice(text: str) -> None:
        line.close()
        sys.stderr.write(one_line(text) + "\n")

    def publish(outcome: Outcome) -> None:
        line.close()
        write_outcome(outcome, out, args.json)

    context = Context(args, settings, progress=line, notice=notice, publish=publish)
    try:
        with _quiet(), contextlib.redirect_stdout(sys.stderr):
            outcome = args.command.run(context)
    finally:
        line.close()
    if outcome is not None:
        write_outcome(outcome, out, args.json)
        if outcome.error is not None:
            write_error(outcome.error)
            return BAD_INPUT
    return OK


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Libraries' warnings and log lines are for developers: a prompt shows the command's own words only."""
    import logging

    previous = logging.root.manager.disable
    with warnings.catch_warnings():
        if not sys.warnoptions:
            warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(previous)


def _make_streams_safe() -> None:
    """A character that the terminal's encoding lacks is written as an escape; it never ends the command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _translate(error: OSError) -> PtmError | None:
    """A file that cannot be read or written is the asker's to mend; anything else is a fault."""
    name = str(error.filename or "")
    if (full := disk_full(error, name or "the result")) is not None:
        return full
    if isinstance(error, FileNotFoundError) and name:
        return FileMissing(name=name)
    if isinstance(error, PermissionError | IsADirectoryError | NotADirectoryError | FileExistsError) and name:
        return StoreError(detail=f"expected to be able to use {name}, found: {error.strerror}")
    if name and error.strerror == "File name too long":
        return StoreError(detail=f"expected a path, found: {error.strerror}")
    return None


def _fault(error: BaseException, settings: Settings | None) -> int:
    kept = _keep_traceback(error, settings)
    where = f"the details are in {kept}" if kept else "the details could not be written"
    write_error(f"A fault of the studio ({type(error).__name__}): {error}; {where}. Please report it with that file.")
    return FAULT


def _keep_traceback(error: BaseException, settings: Settings | None) -> Path | None:
    if settings is None:
        return None
    path = settings.home / "logs" / f"cli-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(traceback.format_exception(error)), "utf-8", errors="backslashreplace")
    except OSError:
        return None
    return path
