"""What the parser takes, and that everything it refuses is one sentence with expected, found and next step."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from ptm_demo.cli.arguments import FIXES
from ptm_demo.cli.command import CommandLineError
from ptm_demo.cli.commands.train import PLAN_OPTIONS, PRESETS
from ptm_demo.cli.parser import PROG, build_parser, commands, leaves

REFUSED = {
    "": "COMMAND",
    "fly": "fly",
    "check": "CSV",
    "check a.csv b.csv": "b.csv",
    "check a.csv --nonsense": "--nonsense",
    "check a.csv --max-length many": "many",
    "check a.csv --tex COL": "--tex",
    "check a.csv --fix": "--fix",
    "train a.csv --epochs 1.5": "1.5",
    "train a.csv --learning-rate fast": "fast",
    "train a.csv --preset slow": "slow",
    "train a.csv --seed": "--seed",
    "evaluate my-run": "CSV",
    "predict my-run": "--text",
    "predict my-run --text hello --csv a.csv": "--csv",
    "export my-run --out there": "--format",
    "export my-run --format onnx --out there": "onnx",
    "export my-run --format merged": "--out",
    "runs": "ACTION",
    "runs sell": "sell",
    "runs rm": "RUN",
    "runs rename my-run": "NAME",
    "models pull": "ID",
    "serve --port eighty": "eighty",
    "bench weather": "weather",
}


@pytest.mark.parametrize("line", REFUSED)
def test_a_refusal_says_expected_found_and_next_step(line: str) -> None:
    with pytest.raises(CommandLineError) as caught:
        build_parser().parse_args(line.split())
    said = str(caught.value)
    assert said.startswith("Expected ")
    assert "but found" in said
    assert REFUSED[line] in said
    assert f"See: {PROG}" in said
    assert said.endswith("--help")


def test_every_example_of_every_command_parses() -> None:
    import shlex

    for command in commands():
        assert command.examples
        for example in command.examples:
            words = shlex.split(example.removeprefix(PROG))
            assert example.startswith(PROG)
            assert build_parser().parse_args(words).command is command


def test_every_action_takes_json_and_says_its_keys() -> None:
    parser = build_parser()
    for command in commands():
        sub = parser._subparsers._group_actions[0].choices[command.name]
        for leaf in leaves(sub):
            assert "--json" in leaf._option_string_actions
            assert command.keys["" if leaf is sub else leaf.prog.split()[-1]]
        assert len(command.keys) == len(leaves(sub))


def test_every_argument_is_explained() -> None:
    for leaf in leaves(build_parser()):
        for action in leaf._actions:
            assert action.help, f"{leaf.prog} {action.dest}"


def test_fixes_may_be_given_in_one_option_or_in_several() -> None:
    args = build_parser().parse_args(["check", "a.csv", "--fix", "trim", "drop_empty", "--fix", "drop_rare"])
    assert args.fix == ["trim", "drop_empty", "drop_rare"]
    assert build_parser().parse_args(["check", "a.csv"]).fix == []  # the default is not the list that was extended


def test_a_path_may_hold_blanks_and_chinese() -> None:
    assert build_parser().parse_args(["check", "我的 数据.csv"]).csv == Path("我的 数据.csv")


def test_the_written_out_lists_are_the_packages_own() -> None:
    from ptm_demo.data.problems import FIXES as known_fixes
    from ptm_demo.tuning.config import PRESETS as known_presets
    from ptm_demo.tuning.config import TuneConfig

    assert set(FIXES) == set(known_fixes)
    assert list(PRESETS) == list(known_presets)
    assert set(PLAN_OPTIONS) | {"model_id", "preset"} == {field.name for field in dataclasses.fields(TuneConfig)}
    args = build_parser().parse_args(["train", "a.csv"])
    assert all(hasattr(args, name) for name in PLAN_OPTIONS)
