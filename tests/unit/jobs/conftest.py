"""Jobs on a temporary folder, with the handlers that misbehave."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from ptm_demo.jobs import Job, Jobs

MODULE = "handlers_for_tests"
KINDS = ("echo", "count", "deaf", "die", "leave", "fail", "chatter", "reports", "surroundings", "child", "odd_result", "was_warm")
HANDLERS = {kind: f"{MODULE}:{kind}" for kind in KINDS} | {"nowhere": "no_such_module:f"}
ENVIRON = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(Path(__file__).parent)}

MakeJobs = Callable[..., Jobs]


def make(folder: Path, **options: Any) -> Jobs:
    return Jobs(folder, **{"handlers": HANDLERS, "environ": ENVIRON, "nice": 0, "exit_seconds": 2.0, **options})


def until(condition: Callable[[], Any], seconds: float = 15.0) -> Any:
    """The first true answer of `condition`; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.01)
    raise AssertionError(f"not within {seconds} s")


def running(jobs: Jobs, job_id: str) -> Job:
    """Wait until the job runs and has reported."""

    def look() -> Job | None:
        job = jobs.get(job_id)
        assert not job.ended, job
        return job if job.state == "running" and job.progress is not None else None

    return until(look)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def make_jobs(tmp_path: Path) -> Iterator[MakeJobs]:
    """Makes Jobs on `tmp_path/jobs` and stops each at the end."""
    made: list[Jobs] = []

    def build(**options: Any) -> Jobs:
        jobs = make(tmp_path / "jobs", **options)
        made.append(jobs)
        return jobs

    yield build
    for jobs in made:
        jobs.stop(timeout=5)


@pytest.fixture(scope="module")
def shared_jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    """One started Jobs for the tests that leave it as they found it."""
    jobs = make(tmp_path_factory.mktemp("shared"))
    jobs.start()
    yield jobs
    jobs.stop(timeout=5)
