"""Handlers that misbehave in every way a real one might. Imported by worker processes only, by its name."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ptm_demo.errors import TooFewRows
from ptm_demo.jobs import JobContext
from ptm_demo.progress import Progress


def echo(payload: dict[str, Any], context: JobContext) -> dict[str, Any]:
    return {**payload, "attempt": context.attempt, "resumed": context.resumed, "owner": context.owner}


def count(payload: dict[str, Any], context: JobContext) -> dict[str, Any]:
    """Counts to `to`, one each `pause` seconds, keeping a checkpoint; goes on from it."""
    kept = context.folder / "count.txt"
    begun = int(kept.read_text()) if kept.exists() else 0
    for n in range(begun, payload["to"]):
        context.cancel.check()
        time.sleep(payload.get("pause", 0.01))
        part = kept.with_suffix(".part")
        part.write_text(str(n + 1))
        part.replace(kept)
        context.report(Progress("count", n + 1, payload["to"], "steps", {"loss": 1 / (n + 1)}))
    return {"from": begun, "to": payload["to"], "attempt": context.attempt, "resumed": context.resumed}


def deaf(payload: dict[str, Any], context: JobContext) -> dict[str, Any]:
    """Ignores that it shall stop."""
    time.sleep(payload["seconds"])
    return {}


def die(payload: dict[str, Any], context: JobContext) -> dict[str, Any]:
    """Dies in its first `times` attempts."""
    if context.attempt <= payload["times"]:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"attempt": context.attempt, "resumed": context.resumed}


def leave(payload: dict[str, Any], context: JobContext) -> dict[str, Any]:
    sys.exit(3)


def fail(payload: dict[str, Any], context: JobContext) -> dict[str, Any]:
    what = payload["what"]
    if what == "ptm":
        raise TooFewRows(needed=10, rows=3)
    if what == "memory":
        raise MemoryError
    if what == "allocator":
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can't allocate memory")
    if what == "disk":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/somewhere/secret")
    if what == "big file":
        with (context.folder / "big").open("wb") as file:
            for _ in range(64):
                file.write(b"x" * 1024 * 1024)
    if what == "address space":
        return {"n": len(bytearray(4 * 1024**3))}
    raise ValueError("first line\nsecond line")


def chatter(payload: dict[str, Any], context: JobContext) -> dict[str, Any]:
    for _ in range(payload["lines"]):
        print("x" * 1023)
    os.write(2, b"last words\n")
    time.sleep(0.5)
    return {}


def reports(payload: dict[str, Any], context: JobContext) -> dict[str, Any]:
    """`steps` reports as fast as it can, an evaluation after each hundred."""
    context.report(Progress("load"))
    for n in range(1, payload["steps"] + 1):
        context.report(Progress("train", n, payload["steps"], "steps", {"loss": 1 / n}))
        if n % 100 == 0:
            context.report(Progress("train", n, payload["steps"], "steps", {"eval_macro_f1": n / payload["steps"]}))
    context.report(Progress("save"))
    return {}


def surroundings(payload: dict[str, Any], context: JobContext) -> dict[str, Any]:
    return {
        "environ": dict(os.environ),
        "nice": os.nice(0),
        "stdin": sys.stdin.read(),
        "cwd": str(Path.cwd()),
        "pid": os.getpid(),
        "modules": sorted(sys.modules),
        "folder": str(context.folder),
    }


def child(payload: dict[str, Any], context: JobContext) -> dict[str, Any]:
    """Starts a process that outlives it, tells its pid, and waits."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    (context.folder / "child.txt").write_text(str(process.pid))
    context.report(Progress("child", process.pid))
    time.sleep(payload["seconds"])
    return {}


def odd_result(payload: dict[str, Any], context: JobContext) -> Any:
    if payload["what"] == "none":
        return None
    return {"path": Path("/a/b"), "set": {1}}


WARMED: list[float] = []


def warm() -> None:
    WARMED.append(time.time())


def was_warm(payload: dict[str, Any], context: JobContext) -> dict[str, Any]:
    return {"warmed": len(WARMED)}
