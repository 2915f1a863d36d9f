"""Start the studio as a person does (`python app.py`), wait for its page, and end it with all its children.

Knows nothing of the browser.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[3]
# What must not reach the studio from the machine that runs the tests: its own settings, a token, another language.
_OURS = ("PTM_", "HF_", "HUGGING", "GRADIO_", "SPACE_", "SYSTEM", "PORT")


@dataclass(frozen=True)
class Studio:
    """A running studio: its address without a closing slash, its home, its process and the file of its output."""

    base_url: str
    home: Path
    process: subprocess.Popen[bytes]
    log_file: Path

    def log(self, last: int = 20_000) -> str:
        """The end of what it printed."""
        return self.log_file.read_text("utf-8", "replace")[-last:]

    def kill(self) -> None:
        """End it as a crash would: its own process at once, its children left to notice."""
        self.process.kill()
        self.process.wait(10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_studio(
    home: Path,
    *,
    environ: Mapping[str, str] | None = None,
    command: Sequence[str] = (sys.executable, "app.py"),
    port: int = 0,
    seconds: float = 120,
) -> Iterator[Studio]:
    """A studio with `home` as its PTM_HOME, up until the block ends.

    Args:
        environ: variables to set for it, such as {"HF_ENDPOINT": …}. Unless they say otherwise it never asks the Hub.
        port: 0 takes a free one.
        seconds: how long the first answer may take.

    Raises:
        AssertionError: it ended, or gave no page in that time; with what it printed.
    """
    home.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    log_file = home.parent / f"{home.name}-{port}.log"
    kept = {key: value for key, value in os.environ.items() if not key.startswith(_OURS)}
    ours = {"PTM_HOME": str(home), "PTM_HOST": "127.0.0.1", "PTM_PORT": str(port), "PTM_OFFLINE": "1", "PYTHONUNBUFFERED": "1"}
    with log_file.open("ab") as log:
        process = subprocess.Popen(
            list(command),
            cwd=ROOT,
            env={**kept, **ours, **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    studio = Studio(f"http://127.0.0.1:{port}", home, process, log_file)
    try:
        _wait_for_page(studio, seconds)
        yield studio
    finally:
        end_tree(process.pid)
        process.wait(10)


def _wait_for_page(studio: Studio, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        status = studio.process.poll()
        if status is not None:
            raise AssertionError(f"the studio ended with status {status} before it gave a page:\n{studio.log()}")
        try:
            with urllib.request.urlopen(studio.base_url, timeout=10) as answer:  # noqa: S310 - an address on this machine
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
            if time.monotonic() > deadline:
                raise AssertionError(f"the studio gave no page in {seconds:g} s ({error}):\n{studio.log()}") from error
        time.sleep(0.1)


def end_tree(pid: int, seconds: float = 10) -> None:
    """Ask the process and all its descendants to end, and kill those that do not."""
    try:
        root = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return
    tree = [*root.children(recursive=True), root]
    for process in tree:
        _signal(process.terminate)
    _, alive = psutil.wait_procs(tree, timeout=seconds)
    for process in alive:
        _signal(process.kill)
    psutil.wait_procs(alive, timeout=seconds)


def _signal(send: Callable[[], None]) -> None:
    try:
        send()
    except psutil.NoSuchProcess:
        return  # it ended between the listing and now, which is what was wanted
