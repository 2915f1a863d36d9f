"""Find or install what the tests in a browser need: Chromium, a Chinese font, and axe-core. Standard library only.

Knows Debian's package manager and npm; on a machine with neither it says what is missing and leaves the rest to its owner.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts", "/System/Library/Fonts")
_CHINESE_FONTS = ("*CJK*", "PingFang*", "wqy*")


def find_chromium() -> Path | None:
    """The browser to drive: what CHROMIUM names, or the first of the usual names on the PATH."""
    named = os.environ.get("CHROMIUM")
    if named:
        return Path(named) if Path(named).is_file() else None
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    return Path(found) if found else None


def axe_script(root: Path) -> Path:
    return root / "tests" / "e2e" / "node_modules" / "axe-core" / "axe.min.js"


def what_is_missing(root: Path) -> str:
    """A half-sentence that says what keeps the browser tests from running, or "" when nothing does."""
    if find_chromium() is None:
        return "there is no Chromium (install it, or name one with CHROMIUM=/path/to/chromium)"
    if not axe_script(root).is_file():
        return "axe-core is not installed (it needs npm: install Node.js)"
    return ""


def ensure_browser(root: Path, say: Callable[[str], None]) -> str:
    """Install what is missing and can be installed; answers as `what_is_missing`."""
    wanted = [] if find_chromium() else ["chromium"]
    wanted += [] if shutil.which("npm") else ["npm"]
    wanted += [] if _has_chinese_font() else ["fonts-noto-cjk"]
    if wanted and (apt := _apt_get()):
        say(f"installing {', '.join(wanted)} with apt-get (for the tests in a browser)")
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        # One by one: a package that cannot be had must not keep the others away.
        for arguments in (["update", "-qq"], *(["install", "-y", "-qq", "--no-install-recommends", name] for name in wanted)):
            subprocess.run([*apt, *arguments], env=environment, stdout=subprocess.DEVNULL, check=False)
    _ensure_axe(root, say)
    return what_is_missing(root)


def _apt_get() -> list[str]:
    """The command that installs system packages without asking, or [] where there is none."""
    apt = shutil.which("apt-get")
    if apt is None:
        return []
    if os.geteuid() == 0:
        return [apt]
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n", "DEBIAN_FRONTEND=noninteractive", apt]
    return []


def _has_chinese_font() -> bool:
    folders = [Path(name) for name in _FONT_FOLDERS if Path(name).is_dir()]
    return any(True for folder in folders for pattern in _CHINESE_FONTS for _ in folder.rglob(pattern))


def _ensure_axe(root: Path, say: Callable[[str], None]) -> None:
    folder = root / "tests" / "e2e"
    stamp = folder / "node_modules" / ".stamp"
    key = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text("utf-8") == key and axe_script(root).is_file():
        return
    npm = shutil.which("npm")
    if npm is None:
        return
    say("installing axe-core (for the tests in a browser)")
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=False).returncode == 0:
        stamp.write_text(key, "utf-8")
