"""What is imported when. Measured in a Python of its own, since this one has long imported everything."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.contract.source import ROOT

HEAVY = {"torch", "transformers", "peft", "accelerate", "sklearn", "gradio"}
# The page and the command line must answer before a model library has been read from the disk.
LIGHT = (
    "ptm_demo",
    "ptm_demo.errors",
    "ptm_demo.results",
    "ptm_demo.progress",
    "ptm_demo.settings",
    "ptm_demo.registry",
    "ptm_demo.jobs",
    "ptm_demo.store",
    "ptm_demo.hubs",
    "ptm_demo.hubs.base",
    "ptm_demo.data",
    "ptm_demo.services",
    "ptm_demo.cli",
)
# The command line must also answer --help before it has read a table.
LIGHTER = {"ptm_demo.cli": {"pandas", "numpy"}}

_MEASURE = """
import importlib, json, sys
importlib.import_module(sys.argv[1])
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


@pytest.mark.parametrize("module", LIGHT)
def test_importing_it_loads_no_heavy_library(module: str) -> None:
    done = subprocess.run([sys.executable, "-c", _MEASURE, module], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stdout)) & (HEAVY | LIGHTER.get(module, set()))
    assert not loaded, f"importing {module} loads {sorted(loaded)}"


@pytest.mark.parametrize("module", LIGHT)
def test_importing_it_only_defines(module: str) -> None:
    """No file written, no connection, no thread, no change of the environment."""
    measure = """
import importlib, json, os, sys, threading
seen = []
def audit(event, arguments):
    if event in {"socket.connect", "subprocess.Popen", "os.mkdir", "os.rename"}:
        seen.append(f"{event} {arguments!r}"[:200])
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+") and "__pycache__" not in str(arguments[0]):
        seen.append(f"open {arguments!r}"[:200])
before = dict(os.environ)
sys.dont_write_bytecode = True
sys.addaudithook(audit)
importlib.import_module(sys.argv[1])
seen += [f"thread {thread.name}" for thread in threading.enumerate() if thread is not threading.main_thread()]
print(json.dumps([*seen, *(["environment changed"] if dict(os.environ) != before else [])]))
"""
    done = subprocess.run([sys.executable, "-c", measure, module], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []
