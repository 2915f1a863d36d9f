"""Writes the code that makes a run again: a short Python script, and one command line. Reads a run's files only."""

from __future__ import annotations

import json
import shlex
from dataclasses import fields
from typing import Any

from ptm_demo.store import Run
from ptm_demo.tuning.config import PRESETS, TuneConfig


def reproduce_script(run: Run) -> str:
    """A Python script that trains on the same rows and prints the same metrics.

    It expects the run's data file in the working directory, under the name it had.
    """
    config, facts = _read(run)
    options = {"model_id": config.model_id, **_changed(config)}
    arguments = "".join(f", {name}={value!r}" for name, value in options.items())
    judge, rows_of_judge = "", ""
    if facts["eval_data"]:
        judge = f"judge = read_csv(Path({facts['eval_data']!r}))\n"
        rows_of_judge = ", test=pick(judge, text, label)"
    fixes = ""
    if facts["fixes"]:
        given = ", judge" if judge else ""
        taken = "table, judge = fixed.table, fixed.eval_table" if judge else "table = fixed.table"
        fixes = f"fixed = apply_fixes(table, text, label, {list(facts['fixes'])!r}{given})\n{taken}\n"
    names = sorted({"read_csv", "split", "usable", *(["apply_fixes"] if fixes else [])})
    pick = "from ptm_demo.data.labelled import pick\n" if judge else ""
    return f"""\
from pathlib import Path

from ptm_demo.data import {", ".join(names)}
{pick}from ptm_demo.hubs import Hubs
from ptm_demo.settings import Settings, prepare_process
from ptm_demo.store import RunStore
from ptm_demo.tuning import TuneConfig, run_training

if __name__ == "__main__":
    prepare_process()
{_indent(_body(facts, judge, fixes, rows_of_judge, config, arguments))}"""


def reproduce_command(run: Run) -> str:
    """The `python -m ptm_demo train …` line that trains on the same rows with the same plan."""
    config, facts = _read(run)
    words = ["python", "-m", "ptm_demo", "train", facts["data"] or "data.csv"]
    words += ["--text", facts["text_column"], "--label", facts["label_column"], "--model", config.model_id]
    if facts["eval_data"]:
        words += ["--eval-csv", facts["eval_data"]]
    words += ["--preset", config.preset]
    for fix in facts["fixes"]:
        words += ["--fix", fix]
    for name, value in _changed(config).items():
        flag = "--" + name.replace("_", "-")
        if value is True:
            words.append(flag)
        elif isinstance(value, tuple):
            words += [flag, *value]
        else:
            words += [flag, f"{value}"]
    if "--seed" not in words:
        words += ["--seed", str(config.seed)]
    return " ".join(shlex.quote(word) for word in words)


def _body(facts: dict[str, Any], judge: str, fixes: str, rows_of_judge: str, config: TuneConfig, arguments: str) -> str:
    return f"""\
settings = Settings.from_env()
text, label = {facts["text_column"]!r}, {facts["label_column"]!r}
table = read_csv(Path({facts["data"] or "data.csv"!r}))
{judge}{fixes}config = TuneConfig.of({config.preset!r}{arguments})
rows = usable(table, text, label)
parts = split(
    rows,
    eval_fraction=config.eval_share(len(rows)),
    test_fraction=config.test_fraction,
    seed=config.seed{rows_of_judge},
)
base = Hubs(settings, allow_local=True).pull(config.model_id, {facts["base_revision"]!r})
run = run_training(parts, config, base, RunStore(settings.runs_dir), threads=settings.threads)
print(run.id, run.accuracy, run.macro_f1)
"""


def _indent(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())


def _read(run: Run) -> tuple[TuneConfig, dict[str, Any]]:
    config = TuneConfig.from_dict(json.loads(run.file("config.json").read_text("utf-8")))
    facts = json.loads(run.file("split.json").read_text("utf-8"))
    facts["base_revision"] = json.loads(run.file("base.json").read_text("utf-8"))["revision"]
    return config, facts


def _changed(config: TuneConfig) -> dict[str, Any]:
    """The options that differ from the preset's; the seed always stands there."""
    usual = TuneConfig.of(config.preset, model_id=config.model_id, lora_r=config.lora_r)
    if config.lora_r != PRESETS[config.preset].lora_r:
        usual = usual.but(lora_r=PRESETS[config.preset].lora_r)
    found = {}
    for field in fields(config):
        value = getattr(config, field.name)
        if field.name in {"model_id", "preset"}:
            continue
        if field.name == "seed" or value != getattr(usual, field.name):
            found[field.name] = value
    return found
