"""The one reader of the process environment. Everything else is handed a `Settings`.

Knows nothing about what the values are used for; checks only that each can be what it says it is.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ptm_demo.errors import BadOption

MB = 1024 * 1024

# Read by libraries when they are imported, so they must be set before that.
_PROCESS_DEFAULTS = {
    "GRADIO_ANALYTICS_ENABLED": "False",  # no start-up call to another host
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DISABLE_SAFETENSORS_CONVERSION": "1",  # transformers would otherwise open a thread to the Hub for a .bin
    "TOKENIZERS_PARALLELISM": "false",  # a warning, and a dead lock, after a fork
    "HF_HUB_DISABLE_XET": "1",  # plain HTTP: byte counts and stops are ours to see
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",  # a token on this machine belongs to its owner, not to a visitor
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",  # transformers' own bars too: progress is told by ours
    "TRANSFORMERS_VERBOSITY": "error",
    # Threads that wait by spinning take the cores from those they wait for: with busy neighbours on 2 cores, training on
    # 2 threads gave 2 rows/s spinning and 12 to 20 sleeping.
    "OMP_WAIT_POLICY": "PASSIVE",
}
# What a worker process may see: never a token, never a proxy's password.
_WORKER_KEEPS = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE",
                 "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VIRTUAL_ENV", "PYTHONPATH", "SYSTEMROOT")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """How this studio runs.

    Attributes:
        home: folder of everything the studio keeps (`PTM_HOME`); outside the project and the working directory.
        host, port: where the page is served (`PTM_HOST`, `PORT` or `PTM_PORT`).
        hub_endpoint: the Hub's base URL (`HF_ENDPOINT`).
        hub_timeout: seconds after which one Hub request is given up (`PTM_HUB_TIMEOUT`).
        offline: never ask the Hub (`HF_HUB_OFFLINE` or `PTM_OFFLINE`).
        multi_user: visitors are strangers to each other (a Space, or `PTM_MULTI_USER=1`); otherwise there is one owner.
        space_id: the Space's id when running on one (`SPACE_ID`).
        threads: CPU threads for computing (`PTM_THREADS`; default: the cores this process may use).
        max_upload_bytes, max_rows, max_columns, max_classes: the largest table that is read.
        max_queue: jobs that may wait at once.
        job_minutes: wall-clock limit of one job.
    """

    home: Path
    host: str = "127.0.0.1"
    port: int = 7860
    hub_endpoint: str = "https://huggingface.co"
    hub_timeout: float = 10.0
    offline: bool = False
    multi_user: bool = False
    space_id: str = ""
    threads: int = 2
    max_upload_bytes: int = 50 * MB
    max_rows: int = 100_000
    max_columns: int = 200
    max_classes: int = 200
    max_queue: int = 20
    job_minutes: float = 240.0

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the environment (default: this process's).

        Raises:
            BadOption: a variable holds something it cannot be.
        """
        env = os.environ if environ is None else environ
        space_id = env.get("SPACE_ID", "")
        on_space = bool(space_id)
        return cls(
            home=Path(env["PTM_HOME"]).expanduser() if env.get("PTM_HOME") else _data_folder(env),
            host=env.get("PTM_HOST") or ("0.0.0.0" if on_space else "127.0.0.1"),  # noqa: S104 - a Space's container must be reached
            port=_number(env, "PTM_PORT", _number(env, "PORT", 7860, 1, 65535), 1, 65535),
            hub_endpoint=(env.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/"),
            hub_timeout=_number(env, "PTM_HUB_TIMEOUT", 10, 1, 600),
            offline=_flag(env, "PTM_OFFLINE") or _flag(env, "HF_HUB_OFFLINE"),
            multi_user=_flag(env, "PTM_MULTI_USER", on_space),
            space_id=space_id,
            threads=_number(env, "PTM_THREADS", _cores(), 1, 256),
            max_upload_bytes=_number(env, "PTM_MAX_UPLOAD_MB", 50, 1, 10_000) * MB,
            max_rows=_number(env, "PTM_MAX_ROWS", 100_000, 10, 10_000_000),
            max_queue=_number(env, "PTM_MAX_QUEUE", 20, 1, 10_000),
            job_minutes=_number(env, "PTM_JOB_MINUTES", 240, 1, 100_000),
        )

    @property
    def models_dir(self) -> Path:
        return self.home / "models"

    @property
    def runs_dir(self) -> Path:
        return self.home / "runs"

    @property
    def datasets_dir(self) -> Path:
        return self.home / "datasets"

    @property
    def jobs_dir(self) -> Path:
        return self.home / "jobs"

    def worker_environ(self, environ: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of a worker process: no token, no Hub, the same home and threads."""
        env = os.environ if environ is None else environ
        kept = {key: env[key] for key in _WORKER_KEEPS if key in env}
        return {**kept, **_PROCESS_DEFAULTS, "PTM_HOME": str(self.home), "PTM_THREADS": str(self.threads),
                "HF_HUB_OFFLINE": "1", "HOME": str(self.home)}  # fmt: skip


def prepare_process(environ: dict[str, str] | None = None) -> None:
    """Set what libraries read from the environment at import. Called first by `app.py`, the command line and workers."""
    env = os.environ if environ is None else environ
    for key, value in _PROCESS_DEFAULTS.items():
        env.setdefault(key, value)


def _data_folder(env: Mapping[str, str]) -> Path:
    base = env.get("XDG_DATA_HOME") or env.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".local" / "share") / "ptm_demo"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def _flag(env: Mapping[str, str], name: str, default: bool = False) -> bool:
    value = env.get(name, "").strip().lower()
    if value in {"", "0", "1", "true", "false", "yes", "no", "on", "off"}:
        return default if value == "" else value in {"1", "true", "yes", "on"}
    raise BadOption(option=name, expected="1 or 0", found=value)


def _number(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    value = env.get(name, "").strip()
    if not value:
        return default
    if not value.isdigit() or not low <= int(value) <= high:
        raise BadOption(option=name, expected=f"a whole number from {low} to {high}", found=value)
    return int(value)
