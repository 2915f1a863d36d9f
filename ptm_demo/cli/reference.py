"""Writes the reference of the command line from the parser itself, so that the two cannot differ.

`python -m ptm_demo.cli.reference > docs/reference/cli.md`; a test compares the file with what this gives.
"""

from __future__ import annotations

import argparse

from ptm_demo.cli.command import Command
from ptm_demo.cli.parser import PROG, build_parser, commands, leaves

_HEAD = f"""# The command line

`{PROG} COMMAND …`, from the project's folder with its environment (`.venv/bin/python`). This page is made from the program:
`python -m ptm_demo.cli.reference > docs/reference/cli.md`.

**What every command promises**

- Without `--json` it prints text for a reader; with `--json` exactly one JSON object on stdout and nothing else. Keys may be
  added in later versions, never renamed.
- Progress and warnings go to stderr: one line that renews itself on a terminal, else a plain line every few seconds.
- It ends with one of four statuses:

| status | meaning |
|---|---|
| 0 | done |
| 1 | a fault of the studio; one line on stderr names the log file that holds the details |
| 2 | input that cannot be used; one line on stderr says what was expected, what was found and what to do next |
| 130 | stopped with Ctrl-C; one line on stderr says what was kept |

`RUN` is a run's id (`runs list` shows them) or a run's folder. A model's id is a built-in one (`builtin:minilm`,
`builtin:e5-small`, `builtin:smollm2`), one of the Hub (`org/name`), or the path of a model folder on this machine
(`./my-model`). Everything the studio keeps lies under `PTM_HOME` (default: your data folder).
"""


def render() -> str:
    """The whole page, Markdown."""
    parser = build_parser()
    subs = next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    parts = [_HEAD, "| command | what it does |\n|---|---|\n" + "\n".join(f"| [`{c.name}`](#{c.name}) | {c.summary} |" for c in commands())]
    parts += [_section(command, subs.choices[command.name]) for command in commands()]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _section(command: Command, parser: argparse.ArgumentParser) -> str:
    parts = [f"## {command.name}", command.summary, "```bash\n" + "\n".join(command.examples) + "\n```"]
    if command.name == "check":
        parts.append(
            "When the report holds a problem of severity `error` (no classifier can be trained on such rows), it is printed all the same, "
            "and the status is 2."
        )
    for leaf in leaves(parser):
        if leaf is not parser:
            parts += [f"### {command.name} {leaf.prog.split()[-1]}", leaf.description or ""]
        rows = [_row(action) for action in leaf._actions if action.dest not in ("help", "json")]
        if rows:
            parts.append("| argument | meaning |\n|---|---|\n" + "\n".join(rows))
        key = "" if leaf is parser else leaf.prog.split()[-1]
        parts.append(f"JSON keys: {command.keys[key]}.")
    return "\n\n".join(part for part in parts if part)


def _row(action: argparse.Action) -> str:
    name = (action.option_strings or [str(action.metavar or action.dest)])[0]
    if action.option_strings and action.nargs != 0:
        values = "|".join(map(str, action.choices)) if action.choices else str(action.metavar)
        name += f" {values}" + (" …" if action.nargs == "+" else "")
    meaning = (action.help or "") + (" (required)" if action.required and action.option_strings else "")
    escaped = name.replace("|", "\\|")
    return f"| `{escaped}` | {meaning} |"


if __name__ == "__main__":
    print(render(), end="")
