"""What all tests share: a home of their own, no network but this machine's, and the built-in models converted once."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ptm_demo.settings import Settings, prepare_process

if TYPE_CHECKING:
    from ptm_demo.hubs.base import PulledModel

ROOT = Path(__file__).resolve().parent.parent
# Converting the built-in models takes seconds and 600 MB, so it is done once and kept between runs (`make clean` removes it). The
# studio checks the SHA-256 of what it finds here, so a stale file is made anew.
MODELS_CACHE = ROOT / ".cache" / "models"
IN_CI = bool(os.environ.get("CI"))

_HOME = pytest.StashKey[str]()

# Here and not in a hook: the conftest files of folders named on the command line import model libraries before any hook runs.
prepare_process()


def pytest_configure(config: pytest.Config) -> None:
    """Before anything is imported that reads the environment: never the home, the token or the Hub cache of who runs this."""
    prepare_process()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # asked to end: close what the tests started, as after Ctrl-C
    config.stash[_HOME] = home = tempfile.mkdtemp(prefix="ptm-tests-")
    os.environ["PTM_HOME"] = str(Path(home) / "home")
    os.environ["HF_HOME"] = str(Path(home) / "hub")
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "SPACE_ID"):
        os.environ.pop(name, None)


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(config.stash.get(_HOME, ""), ignore_errors=True)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser's tests last: they are the slowest, and a plain mistake shows sooner without them."""
    items.sort(key=lambda item: "e2e" in item.path.relative_to(ROOT).parts)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """In CI a skipped test is a failed one: what is not run there is run nowhere."""
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome, report.longrepr = "failed", f"{item.nodeid} was skipped in CI: {reason}"
    return report


@pytest.fixture(autouse=True, scope="session")
def no_other_host() -> Iterator[None]:
    """Refuse, in this process, every connection that leaves this machine, so that no test can lean on one."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else "localhost"
        if host not in {"localhost", "::1", ""} and not str(host).startswith("127."):
            raise ConnectionRefusedError(f"a test tried to reach {host}")
        real(self, address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", connect)
    yield
    patch.undo()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with an empty home; the Hub is never asked."""
    return Settings(home=tmp_path / "home", offline=True)


@pytest.fixture(scope="session")
def models_cache() -> Path:
    """The folder of converted built-in models that is kept between runs; a test's home may link to it as `models`."""
    MODELS_CACHE.mkdir(parents=True, exist_ok=True)
    return MODELS_CACHE


@pytest.fixture
def settings_with_models(settings: Settings, models_cache: Path) -> Settings:
    """Settings with an empty home, but for the built-in models, which lie converted on its shelf."""
    settings.home.mkdir(parents=True)
    settings.models_dir.symlink_to(models_cache, target_is_directory=True)
    return settings


@pytest.fixture(scope="session")
def pull_builtin(models_cache: Path) -> Callable[[str], PulledModel]:
    """`pull_builtin("minilm")`: a built-in model, converted on first use; needs the wheels of requirements-models.txt."""
    from ptm_demo.hubs import Hubs

    hubs = Hubs(Settings(home=models_cache.parent, offline=True), allow_local=False)
    return lambda name: hubs.pull(f"builtin:{name}")


@pytest.fixture(scope="session")
def minilm(pull_builtin: Callable[[str], PulledModel]) -> PulledModel:
    """builtin:minilm, 6 layers of 384: the real English encoder."""
    return pull_builtin("minilm")
