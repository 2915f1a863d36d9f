"""Forks a writer over and over and kills each with SIGKILL; the writer says in a file what it will do and what it did.

python killed_writer.py RUNS_FOLDER SAID_FILE KILLS
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

from ptm_demo.results import Interval
from ptm_demo.store import RunStore


def write_forever(root: Path, said: int, seed: int) -> None:
    chance = random.Random(seed)
    store = RunStore(root)

    def say(*words: str) -> None:
        os.write(said, (" ".join(words) + "\n").encode())

    while True:
        with store.draft() as draft:
            (draft.path / "adapter").mkdir()
            (draft.path / "adapter" / "adapter_model.safetensors").write_bytes(chance.randbytes(20_000))
            draft.write("labels.json", ["a", "b"])
            run = store.commit(
                draft, name="new", base_model="m", labels=["a", "b"], rows=1, accuracy=0.5,
                accuracy_interval=Interval(0, 1, "wilson"), macro_f1=0.5, seconds=1.0,
            )  # fmt: skip
        say("committed", run.id, "new")
        if chance.random() < 0.5:
            name = f"name-{chance.randrange(1000)}"
            say("renaming", run.id, name)
            store.rename(run.id, name)
            say("renamed", run.id, name)
        if chance.random() < 0.3:
            say("deleting", run.id, "-")
            store.delete(run.id)
            say("deleted", run.id, "-")


def main() -> None:
    root, said_path, kills = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    said = os.open(said_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    chance = random.Random(7)
    for n in range(kills):
        pid = os.fork()
        if pid == 0:
            write_forever(root, said, n)
        time.sleep(chance.uniform(0.001, 0.08))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
