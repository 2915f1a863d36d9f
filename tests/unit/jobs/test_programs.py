"""Programs that die, and several on one folder: one is in charge, no job is lost, none runs twice at once."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from ptm_demo.jobs import Job, Jobs
from tests.unit.jobs.conftest import ENVIRON, MakeJobs, alive, make, running, until

ROOT = Path(__file__).parents[3]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts another program on `tmp_path/jobs`; all are killed at the end."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.unit.jobs.program", str(tmp_path / "jobs")],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=ENVIRON,
        )
        started.append(process)
        assert process.stdout is not None
        process.said = process.stdout.readline().strip()  # type: ignore[attr-defined]
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_a_killed_program_takes_its_worker_along_and_the_next_goes_on(
    make_jobs: MakeJobs, program: Callable[[], subprocess.Popen[str]]
) -> None:
    jobs = make_jobs()
    job_id = jobs.submit("count", {"to": 100, "pause": 0.02})
    behind = jobs.submit("echo", {})
    for _ in range(2):
        app = program()
        before = jobs.get(job_id).attempts
        until(lambda known=before: _moved_on(jobs, job_id, known))
        (worker,) = psutil.Process(app.pid).children()
        app.kill()
        app.wait()
        begun = time.monotonic()
        until(lambda gone=worker.pid: not alive(gone), 10)
        until(lambda: jobs.get(job_id).state == "queued", 3)
        assert time.monotonic() - begun < 10
    jobs.start()
    job = jobs.wait(job_id, 20)
    assert job.state == "done", job
    assert job.result is not None
    assert job.result["from"] > 0
    assert jobs.wait(behind, 10).state == "done"


def _moved_on(jobs: Jobs, job_id: str, attempts: int) -> Job | None:
    job = jobs.get(job_id)
    return job if job.state == "running" and job.attempts > attempts and job.progress is not None else None


def test_program_and_worker_killed_at_once(make_jobs: MakeJobs, program: Callable[[], subprocess.Popen[str]]) -> None:
    jobs = make_jobs()
    job_id = jobs.submit("count", {"to": 60, "pause": 0.02})
    app = program()
    running(jobs, job_id)
    (worker,) = psutil.Process(app.pid).children()
    app.send_signal(signal.SIGSTOP)  # so that it cannot bury its worker
    worker.kill()
    app.kill()
    app.wait()
    assert jobs.get(job_id).state == "running", "nobody is left to say otherwise"
    jobs.start()
    begun = time.monotonic()
    until(lambda: jobs.get(job_id).attempts == 2)
    assert time.monotonic() - begun < 5
    assert jobs.wait(job_id, 15).state == "done"


def test_a_worker_that_outlives_its_program_is_killed_by_the_next(
    make_jobs: MakeJobs, program: Callable[[], subprocess.Popen[str]]
) -> None:
    jobs = make_jobs(exit_seconds=0.5)
    job_id = jobs.submit("count", {"to": 40, "pause": 0.02})
    app = program()
    running(jobs, job_id)
    (worker,) = psutil.Process(app.pid).children()
    worker.suspend()  # it cannot notice
    app.kill()
    app.wait()
    jobs.start()
    assert jobs.wait(job_id, 15).state == "done"
    assert not alive(worker.pid)


def test_two_programs_share_a_folder_and_the_second_takes_over(
    make_jobs: MakeJobs, program: Callable[[], subprocess.Popen[str]], tmp_path: Path
) -> None:
    app = program()
    assert app.said == "in charge"  # type: ignore[attr-defined]
    jobs = make_jobs()
    jobs.start()
    jobs.start()
    assert not jobs.in_charge
    assert list(jobs.worker_pids()) == []
    assert jobs.wait(jobs.submit("echo", {}), 10).state == "done", "the first program's worker did it"
    app.kill()
    app.wait()
    until(lambda: jobs.in_charge, 5)
    assert jobs.wait(jobs.submit("echo", {}), 10).state == "done"
    third = make(tmp_path / "jobs")
    third.start()
    assert not third.in_charge
    third.stop()
    assert jobs.in_charge


def test_an_unseen_machine_is_given_up_when_its_lease_is_over(make_jobs: MakeJobs) -> None:
    jobs = make_jobs()
    ids = [jobs.submit("echo", {}), jobs.submit("echo", {})]
    with jobs._database.write() as db:
        for job_id, lease in zip(ids, (time.time() - 1, time.time() + 3600), strict=True):
            db.execute(
                "UPDATE jobs SET state='running', attempts=1, worker=?, host='elsewhere', pid=1, claimed=?, lease=? WHERE id=?",
                (f"w-{job_id}", time.time() - 60, lease, job_id),
            )
    jobs.start()
    assert jobs.wait(ids[0], 10).state == "done"
    assert jobs.get(ids[1]).state == "running", "it may well live"
