"""The environment becomes settings, or one sentence that says which variable is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from ptm_demo.errors import BadOption
from ptm_demo.settings import MB, Settings, prepare_process


def test_nothing_set_means_this_machine_only() -> None:
    settings = Settings.from_env({})
    assert (settings.host, settings.port, settings.multi_user, settings.offline) == ("127.0.0.1", 7860, False, False)
    assert settings.home.name == "ptm_demo"
    assert Path.cwd() not in settings.home.parents


def test_everything_can_be_set() -> None:
    settings = Settings.from_env(
        {
            "PTM_HOME": "/data/studio",
            "PTM_HOST": "0.0.0.0",
            "PTM_PORT": "8000",
            "HF_ENDPOINT": "http://127.0.0.1:9/",
            "PTM_OFFLINE": "yes",
            "PTM_MULTI_USER": "on",
            "PTM_THREADS": "3",
            "PTM_MAX_UPLOAD_MB": "7",
        }
    )
    assert settings.home == Path("/data/studio")
    assert (settings.host, settings.port, settings.threads) == ("0.0.0.0", 8000, 3)
    assert settings.hub_endpoint == "http://127.0.0.1:9"
    assert settings.offline
    assert settings.multi_user
    assert settings.max_upload_bytes == 7 * MB
    for folder in (settings.models_dir, settings.runs_dir, settings.datasets_dir, settings.jobs_dir):
        assert folder.parent == settings.home


def test_a_space_is_open_and_keeps_visitors_apart() -> None:
    settings = Settings.from_env({"SPACE_ID": "someone/studio"})
    assert settings.host == "0.0.0.0"
    assert settings.multi_user
    assert not Settings.from_env({"SPACE_ID": "someone/studio", "PTM_MULTI_USER": "0"}).multi_user


def test_port_is_read_where_hosts_set_it() -> None:
    assert Settings.from_env({"PORT": "9000"}).port == 9000
    assert Settings.from_env({"PORT": "9000", "PTM_PORT": "9001"}).port == 9001


@pytest.mark.parametrize(
    ("name", "value"),
    [("PTM_PORT", "0"), ("PTM_PORT", "65536"), ("PTM_PORT", "http"), ("PTM_PORT", "-1"), ("PTM_OFFLINE", "maybe"), ("PTM_THREADS", "1.5")],
)
def test_a_value_that_cannot_be_is_named(name: str, value: str) -> None:
    with pytest.raises(BadOption) as caught:
        Settings.from_env({name: value})
    assert name in str(caught.value)
    assert value in str(caught.value)


def test_a_worker_gets_no_secret_and_no_hub(tmp_path: Path) -> None:
    environ = {"PATH": "/bin", "HF_TOKEN": "hunter2", "HTTPS_PROXY": "http://user:hunter2@host", "AWS_SECRET_ACCESS_KEY": "hunter2"}
    given = Settings(home=tmp_path).worker_environ(environ)
    assert "hunter2" not in str(given)
    assert given["PATH"] == "/bin"
    assert given["HF_HUB_OFFLINE"] == "1"
    assert given["PTM_HOME"] == str(tmp_path)


def test_what_libraries_read_is_set_unless_the_owner_set_it() -> None:
    environ = {"TRANSFORMERS_VERBOSITY": "info"}
    prepare_process(environ)
    assert environ["TRANSFORMERS_VERBOSITY"] == "info"
    assert environ["GRADIO_ANALYTICS_ENABLED"] == "False"
