"""The parser of the whole command line, and argparse's own errors turned into one line each.

Knows the commands only through the registry.
"""

from __future__ import annotations

import argparse
import re
from typing import Any, NoReturn

from ptm_demo import __version__
from ptm_demo.cli.command import Command, CommandLineError
from ptm_demo.registry import Registry

PROG = "python -m ptm_demo"
DESCRIPTION = "Pretrained Model Studio: check a CSV, tune a classifier on it, judge it, ask it, take it along."
EPILOG = (
    f"Everything the studio keeps lies under PTM_HOME (default: your data folder).\n`{PROG} COMMAND --help` tells more about a command."
)


class Parser(argparse.ArgumentParser):
    """An argument parser that raises CommandLineError instead of printing its usage, and takes no shortened options."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **kwargs)

    def error(self, message: str) -> NoReturn:
        expected, found = _expected_found(message)
        raise CommandLineError(f"Expected {expected}, but found {found}. See: {self.prog} --help")


def commands() -> Registry[Command]:
    """Every command that `commands/` holds."""
    return Registry[Command]("command").discover("ptm_demo.cli.commands", "COMMAND")


def build_parser() -> argparse.ArgumentParser:
    """The parser; after `parse_args` the namespace holds `command` (a Command) and the command's own arguments.

    Raises:
        CommandLineError: (from `parse_args`) the arguments cannot be understood.
    """
    parser = Parser(prog=PROG, description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument("--version", action="version", version=f"ptm_demo {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    for command in commands():
        examples = "\n".join(f"  {example}" for example in command.examples)
        sub = subparsers.add_parser(
            command.name,
            help=command.summary,
            description=command.summary,
            epilog=f"example{'s' * (len(command.examples) > 1)}:\n{examples}",
        )
        command.configure(sub)
        sub.set_defaults(command=command)
        for leaf in leaves(sub):
            leaf.add_argument("--json", action="store_true", help="print one JSON object on stdout and nothing else")
    return parser


def leaves(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """The parser's actions (`runs list`, `runs rm` …), or the parser itself when it has none."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return [leaf for sub in action.choices.values() for leaf in leaves(sub)]
    return [parser]


def add_action(subparsers: Any, name: str, summary: str) -> argparse.ArgumentParser:
    """One action of a command, such as the `list` of `runs list`; `args.action` holds its name."""
    sub: argparse.ArgumentParser = subparsers.add_parser(name, help=summary, description=summary)
    sub.set_defaults(action=name)
    return sub


def _expected_found(message: str) -> tuple[str, str]:
    """argparse's sentence as (expected, found)."""
    if found := re.fullmatch(r"the following arguments are required: (.+)", message, re.DOTALL):
        return found[1], "nothing there"
    if found := re.fullmatch(r"unrecognized arguments: (.+)", message, re.DOTALL):
        return "only the options and arguments that the help lists", found[1]
    if found := re.fullmatch(r"one of the arguments (.+) is required", message, re.DOTALL):
        return " or ".join(found[1].split()), "none of them"
    if not (found := re.fullmatch(r"argument (.+?): (.+)", message, re.DOTALL)):
        return "arguments as the help shows them", message
    option, said = found[1], found[2]
    if choice := re.fullmatch(r"invalid choice: (.+?) \(choose from (.+)\)", said, re.DOTALL):
        names = [name.strip("'") for name in choice[2].split(", ")]
        what = f"one of {', '.join(names)}"
        return (what if option in {"COMMAND", "ACTION"} else f"{what} for {option}"), choice[1].strip("'")
    if said.startswith("expected "):
        return f"{said.removeprefix('expected ').replace('argument', 'value')} for {option}", "none"
    if other := re.fullmatch(r"not allowed with argument (.+)", said):
        return f"{other[1]} or {option}", "both"
    if typed := re.fullmatch(r"(.+), not (.+)", said, re.DOTALL):  # raised by the types in arguments.py
        return f"{typed[1]} for {option}", typed[2]
    return f"another value for {option}", said
