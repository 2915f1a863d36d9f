"""What a command is and what it hands back. A new command is one new file in `commands/` that exports `COMMAND`.

Knows no particular command, no stream and no exit.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ptm_demo.progress import ProgressFn, ignore
from ptm_demo.settings import Settings

if TYPE_CHECKING:
    from ptm_demo.services import Services

OWNER = "local"  # runs of the command line and of the page at home belong to the same person


class CommandLineError(Exception):
    """What only the command line can say, in whole English sentences: expected, found, next step.

    Not a PtmError, because nobody reads it in the page or in another language.
    """


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command found out.

    Attributes:
        payload: the JSON object of --json; plain JSON types only.
        text: the same for a reader, without a final newline.
        error: input that cannot be used but could be looked at: the outcome is printed, then this, with exit status 2.
    """

    payload: Mapping[str, Any]
    text: str
    error: Exception | None = None


@dataclass
class Context:
    """What a command works with: its arguments, the settings, where to tell progress, and the services once asked for."""

    args: argparse.Namespace
    settings: Settings
    progress: ProgressFn = ignore
    notice: Callable[[str], None] = field(default=lambda line: None)
    publish: Callable[[Outcome], None] = field(default=lambda outcome: None)

    @cached_property
    def services(self) -> Services:
        from ptm_demo.services import Services

        return Services(self.settings, allow_local=True)


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        summary: one sentence, shown in the list of commands.
        examples: complete lines as they are typed, the first also shown in the list.
        keys: the JSON keys of --json by action ("" when the command has no actions), as the reference shows them.
        configure: adds the arguments. Takes the command's parser and a maker of parsers for actions such as `runs list`.
        run: does the work. None: it has published its outcome already.
    """

    name: str
    order: int
    summary: str
    examples: tuple[str, ...]
    keys: Mapping[str, str]
    configure: Callable[[argparse.ArgumentParser], None]
    run: Callable[[Context], Outcome | None]
    stopped: str = "Stopped; nothing was changed."
