"""One real, small run, and the page served over it on a free port."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ptm_demo.results import RunSummary
from ptm_demo.settings import Settings
from tests.e2e.harness.studio import free_port


@dataclass(frozen=True)
class Served:
    """A page that is up, the services behind it, and the one run they hold."""

    url: str
    services: object
    demo: object
    run: RunSummary


@pytest.fixture(scope="package")
def settings_of_page(tmp_path_factory: pytest.TempPathFactory, models_cache: Path) -> Settings:
    home = tmp_path_factory.mktemp("page") / "home"
    home.mkdir()
    (home / "models").symlink_to(models_cache, target_is_directory=True)
    return Settings(home=home, offline=True, port=free_port())


@pytest.fixture(scope="package")
def kept_run(settings_of_page: Settings, minilm) -> RunSummary:
    """A run on real weights, trained in this process on two classes of the English example."""
    from ptm_demo.data import EXAMPLES, read_csv, split, usable
    from ptm_demo.store import RunStore
    from ptm_demo.tuning import TuneConfig, run_training

    example = next(e for e in EXAMPLES if e.name == "support_en")
    table = read_csv(example.path)
    two = sorted(set(table.frame[example.label_column]))[:2]
    table = replace(table, frame=table.frame[table.frame[example.label_column].isin(two)].reset_index(drop=True))
    parts = split(usable(table, example.text_column, example.label_column), seed=0)
    config = TuneConfig.of("quick", epochs=1)
    return run_training(parts, config, minilm, RunStore(settings_of_page.runs_dir), name="two classes", with_baselines=True)


@pytest.fixture(scope="package")
def served(settings_of_page: Settings, kept_run: RunSummary) -> Iterator[Served]:
    from ptm_demo.services import Services
    from ptm_demo.ui.app import build_app, launch_options

    services = Services(settings_of_page)
    demo = build_app(services)
    demo.launch(**{**launch_options(settings_of_page), "quiet": True}, prevent_thread_lock=True)
    yield Served(f"http://127.0.0.1:{settings_of_page.port}", services, demo, kept_run)
    demo.close()
    services.stop()
