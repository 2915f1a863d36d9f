"""Workers that die, hang, or will not stop: no job is lost."""

from __future__ import annotations

import os
import random
import signal
import time

import pytest

from tests.unit.jobs.conftest import MakeJobs, alive, running, until

KILLS = 12


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def test_kill_9_at_every_stage_loses_no_job(make_jobs: MakeJobs) -> None:
    """`KILLS` workers are killed anywhere between their start and the end of a job; each job then ends well or can be resumed."""
    jobs = make_jobs()
    jobs.start()
    chance = random.Random(3)
    ids = [jobs.submit("count", {"to": 20, "pause": 0.01}) for _ in range(6)]
    kills = 0
    while kills < KILLS:
        time.sleep(chance.uniform(0.0, 0.45))
        for pid in jobs.worker_pids():
            kill(pid)
            kills += 1
        for job in jobs.list(states=["interrupted"]):
            jobs.resume(job.id)
    begun = time.monotonic()
    for job_id in ids:
        job = jobs.wait(job_id, 20)
        if job.state == "interrupted":
            jobs.resume(job_id)
            job = jobs.wait(job_id, 20)
        assert job.state == "done"
        assert (jobs.work_folder(job_id) / "count.txt").read_text() == "20"
    assert time.monotonic() - begun < 30


def test_a_first_death_resumes_a_second_interrupts_and_the_user_may_go_on(make_jobs: MakeJobs) -> None:
    jobs = make_jobs()
    jobs.start()
    once = jobs.wait(jobs.submit("die", {"times": 1}), 15)
    assert (once.state, once.result) == ("done", {"attempt": 2, "resumed": True})
    twice = jobs.wait(jobs.submit("die", {"times": 2}), 15)
    assert twice.state == "interrupted"
    assert twice.error is not None
    assert twice.error["code"] == "job_interrupted"
    assert "SIGKILL" in twice.error["text"]
    jobs.resume(twice.id)
    assert jobs.wait(twice.id, 15).result == {"attempt": 3, "resumed": True}


def test_the_place_in_the_queue_outlives_a_death(make_jobs: MakeJobs) -> None:
    jobs = make_jobs()
    jobs.start()
    first, second = jobs.submit("die", {"times": 1}), jobs.submit("echo", {})
    ended = [jobs.wait(i, 15).finished for i in (first, second)]
    assert None not in ended
    assert ended == sorted(ended, key=lambda time: time or 0)


def test_a_job_that_will_not_stop_is_killed_with_all_it_started(make_jobs: MakeJobs) -> None:
    jobs = make_jobs(grace_seconds=0.5)
    jobs.start()
    job_id = jobs.submit("child", {"seconds": 600})
    job = running(jobs, job_id)
    assert job.progress is not None
    child, worker = int(job.progress.done), jobs.worker_pids()[0]
    assert alive(child)
    jobs.cancel(job_id)
    stopped = jobs.wait(job_id, 10)
    assert (stopped.state, stopped.error, stopped.attempts) == ("stopped", None, 1)
    until(lambda: not alive(child) and not alive(worker))
    assert jobs.wait(jobs.submit("echo", {}), 10).state == "done", "another worker took over"


@pytest.mark.parametrize("kind", ["count", "deaf"])
def test_a_job_that_takes_too_long_fails_with_a_sentence(make_jobs: MakeJobs, kind: str) -> None:
    jobs = make_jobs(job_minutes=0.3 / 60, grace_seconds=0.3)
    jobs.start()
    jobs.wait(jobs.submit("echo", {}), 10)
    job_id = jobs.submit(kind, {"to": 1000, "pause": 0.05, "seconds": 600})
    job = jobs.wait(job_id, 10)
    assert job.state == "failed"
    assert job.error is not None
    assert job.error["code"] == "job_timed_out"
    assert job.seconds < 5
    assert jobs.wait(jobs.submit("echo", {}), 10).state == "done"
    if kind == "count":
        jobs.resume(job_id)
        until(lambda: jobs.get(job_id).attempts == 2)
        assert jobs.wait(job_id, 10).error == job.error


def test_a_hung_worker_is_found(make_jobs: MakeJobs, monkeypatch: pytest.MonkeyPatch) -> None:
    from ptm_demo.jobs import supervisor

    monkeypatch.setattr(supervisor, "SILENCE_SECONDS", 1.0)
    jobs = make_jobs()
    jobs.start()
    job_id = jobs.submit("count", {"to": 30, "pause": 0.02})
    running(jobs, job_id)
    os.kill(jobs.worker_pids()[0], signal.SIGSTOP)
    job = jobs.wait(job_id, 15)
    assert (job.state, job.attempts) == ("done", 2)


def test_stop_keeps_the_checkpoint_and_the_next_start_goes_on(make_jobs: MakeJobs) -> None:
    first = make_jobs()
    first.start()
    job_id = first.submit("count", {"to": 50, "pause": 0.02})
    running(first, job_id)
    pids = first.worker_pids()
    begun = time.monotonic()
    first.stop()
    assert time.monotonic() - begun < 5
    assert not any(alive(pid) for pid in pids)
    waiting = first.get(job_id)
    assert (waiting.state, waiting.place) == ("queued", 1)
    for _ in range(3):  # an orderly end is no death, however often
        again = make_jobs()
        again.start()
        until(lambda jobs=again: jobs.get(job_id).state == "running")
        again.stop()
    last = make_jobs()
    last.start()
    job = last.wait(job_id, 15)
    assert job.state == "done"
    assert job.result is not None
    assert job.result["from"] > 0
    assert job.result["resumed"] is True


def test_stop_does_not_wait_for_a_deaf_job_and_stopping_stays_stopped(make_jobs: MakeJobs) -> None:
    jobs = make_jobs(exit_seconds=60.0)
    jobs.start()
    deaf = jobs.submit("deaf", {"seconds": 600})
    until(lambda: jobs.get(deaf).state == "running")
    begun = time.monotonic()
    jobs.stop(timeout=0.5)
    assert time.monotonic() - begun < 6
    assert jobs.get(deaf).state == "queued"
    jobs.start()
    until(lambda: jobs.get(deaf).state == "running")
    jobs.cancel(deaf)
    jobs.stop(timeout=0.5)
    assert jobs.get(deaf).state == "stopped"


def test_sigterm_to_the_worker_is_an_orderly_end(make_jobs: MakeJobs) -> None:
    jobs = make_jobs()
    jobs.start()
    job_id = jobs.submit("count", {"to": 40, "pause": 0.02})
    for _ in range(2):
        attempts = running(jobs, job_id).attempts
        os.kill(jobs.worker_pids()[0], signal.SIGTERM)
        until(lambda before=attempts: jobs.get(job_id).attempts > before)
    assert jobs.wait(job_id, 15).state == "done"


def test_a_worker_that_cannot_start_is_not_started_without_end(make_jobs: MakeJobs) -> None:
    jobs = make_jobs(environ={"PYTHONHOME": "/nowhere"})
    jobs.start()
    time.sleep(1.5)
    starts = (jobs.folder / "logs" / "worker.log").read_text().count("No module named 'encodings'")
    assert 1 <= starts <= 6
    assert jobs.wait(jobs.submit("echo", {}), 0.1).state == "queued"


def test_work_folders_without_a_job_are_swept_when_old(make_jobs: MakeJobs) -> None:
    jobs = make_jobs()
    known = jobs.submit("echo", {})
    before = time.time() - 100_000
    for name in (known, "20200101-00000000", "notes"):
        path = jobs.folder / "work" / name
        path.mkdir(parents=True)
        os.utime(path, (before, before))
    (jobs.folder / "work" / "20200101-00000001").mkdir()
    jobs.start()
    assert sorted(path.name for path in (jobs.folder / "work").iterdir()) == sorted([known, "20200101-00000001", "notes"])
