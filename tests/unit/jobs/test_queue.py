"""Jobs without a worker: order, limits, owners, and every change of state that a user can ask for."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

import pytest

from ptm_demo.errors import BadOption, JobNotFound, JobNotResumable, JobStillRunning, QueueFull
from ptm_demo.jobs import Jobs, queries, transitions
from tests.unit.jobs.conftest import MakeJobs, make


@pytest.fixture
def jobs(make_jobs: MakeJobs) -> Jobs:
    """Never started, so nothing takes its jobs."""
    return make_jobs()


def claim(jobs: Jobs, worker: str = "w") -> transitions.Claim | None:
    with jobs._database.write() as db:
        return transitions.claim(db, worker, "host", 1)


def bury(jobs: Jobs, worker: str = "w") -> list[tuple[str, str]]:
    with jobs._database.write() as db:
        return transitions.bury(db, worker, "signal SIGKILL", 5)


def test_a_job_is_what_was_submitted(jobs: Jobs) -> None:
    job_id = jobs.submit("echo", {"text": "中", "n": [1, None]}, owner="ann", title="T" * 300)
    job = jobs.get(job_id)
    assert re.fullmatch(r"\d{8}-[0-9a-f]{8}", job_id)
    assert (job.id, job.kind, job.owner, job.title, job.state, job.place) == (job_id, "echo", "ann", "T" * 200, "queued", 1)
    assert job.payload == {"text": "中", "n": [1, None]}
    assert (job.result, job.error, job.progress, job.started, job.finished, job.attempts, job.seconds) == (None,) * 5 + (0, 0)
    assert abs(job.created - time.time()) < 5
    assert not job.ended


def test_the_queue_is_first_come_first_served_and_its_places_are_known(jobs: Jobs) -> None:
    ids = [jobs.submit("echo", {"n": n}) for n in range(4)]
    assert [jobs.get(i).place for i in ids] == [1, 2, 3, 4]
    taken = claim(jobs)
    assert taken is not None
    assert taken.id == ids[0]
    assert [jobs.get(i).place for i in ids] == [0, 1, 2, 3]
    jobs.cancel(ids[2])
    assert [(jobs.get(i).state, jobs.get(i).place) for i in ids] == [("running", 0), ("queued", 1), ("stopped", 0), ("queued", 2)]
    jobs.resume(ids[2])
    assert [jobs.get(i).place for i in ids] == [0, 1, 3, 2], "a resumed job goes to the end"
    assert [job.id for job in jobs.list()] == ids[::-1]
    assert {job.id: job.place for job in jobs.list(states=["queued"])} == {ids[1]: 1, ids[3]: 2, ids[2]: 3}
    assert [job.id for job in jobs.list(limit=1)] == ids[-1:]


def test_the_queue_has_an_end(make_jobs: MakeJobs) -> None:
    jobs = make_jobs(max_queue=2, max_queue_per_owner=1)
    first = jobs.submit("echo", {}, owner="ann")
    with pytest.raises(QueueFull, match="at most 1"):
        jobs.submit("echo", {}, owner="ann")
    jobs.submit("echo", {}, owner="bob")
    with pytest.raises(QueueFull, match="at most 2"):
        jobs.submit("echo", {}, owner="eve")
    jobs.cancel(first)
    jobs.submit("echo", {}, owner="eve")
    with pytest.raises(QueueFull):
        jobs.resume(first)
    assert jobs.get(first).state == "stopped"
    assert len(jobs.list()) == 3


def test_many_threads_may_submit_and_none_is_lost_or_over_the_limit(make_jobs: MakeJobs) -> None:
    jobs, other = make_jobs(max_queue=50), make_jobs(max_queue=50)
    accepted: list[str] = []
    refused: list[QueueFull] = []

    def submit(through: Jobs) -> None:
        for _ in range(15):
            try:
                accepted.append(through.submit("echo", {}))
            except QueueFull as error:
                refused.append(error)

    threads = [threading.Thread(target=submit, args=(through,)) for through in (jobs, other) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(accepted), len(refused)) == (50, 40)
    assert {job.id for job in jobs.list()} == set(accepted)
    assert sorted(job.place for job in other.list()) == list(range(1, 51))


def test_a_kind_that_nobody_handles_is_refused(jobs: Jobs) -> None:
    with pytest.raises(BadOption, match="dance"):
        jobs.submit("dance", {})


def test_a_strangers_job_is_answered_like_an_absent_one(jobs: Jobs) -> None:
    job_id = jobs.submit("echo", {}, owner="ann")
    for action in (jobs.get, jobs.events, jobs.cancel, jobs.resume, jobs.delete, jobs.wait):
        said = []
        for asked in (job_id, "20200101-00000000"):
            with pytest.raises(JobNotFound) as caught:
                action(asked, owner="bob")
            said.append(str(caught.value).replace(asked, "ID"))
        assert said[0] == said[1]
    assert jobs.get(job_id, owner="ann").state == "queued"
    jobs.submit("echo", {}, owner="bob")
    assert [job.owner for job in jobs.list("ann")] == ["ann"]
    assert list(jobs.list("eve")) == []
    assert len(jobs.list()) == 2


@pytest.mark.parametrize("text", ["", "' OR 1=1 --", "../x", "%", "\x00", "📦", "\ud800", "x" * 10_000])
def test_any_text_may_be_asked_for(jobs: Jobs, text: str) -> None:
    job_id = jobs.submit("echo", {"text": text}, title=text)
    assert jobs.get(job_id).payload["text"] == text
    with pytest.raises(JobNotFound):
        jobs.get(text)
    with pytest.raises(JobNotFound):
        jobs.delete(text)
    with pytest.raises(JobNotFound):
        jobs.cancel(text)
    assert [job.id for job in jobs.list()] == [job_id]


def test_cancel_in_each_state(jobs: Jobs) -> None:
    waiting = jobs.submit("echo", {})
    assert jobs.cancel(waiting).state == "stopped"
    assert jobs.get(waiting).finished is not None
    assert jobs.cancel(waiting).state == "stopped"
    running = jobs.submit("echo", {})
    claim(jobs)
    assert jobs.cancel(running).state == "stopping"
    assert jobs.cancel(running).state == "stopping"
    with jobs._database.write() as db:
        assert transitions.finish(db, "w", running, result="{}")
    assert jobs.cancel(running).state == "done", "what was finished before it could stop is kept"


def test_resume_and_delete_only_where_they_make_sense(jobs: Jobs) -> None:
    job_id = jobs.submit("echo", {})
    with pytest.raises(JobNotResumable):
        jobs.resume(job_id)
    claim(jobs)
    for action, error in ((jobs.resume, JobNotResumable), (jobs.delete, JobStillRunning)):
        with pytest.raises(error):
            action(job_id)
    with jobs._database.write() as db:
        transitions.finish(db, "w", job_id, result='{"a": 1}')
    assert jobs.get(job_id).result == {"a": 1}
    with pytest.raises(JobNotResumable):
        jobs.resume(job_id)
    folder = jobs.work_folder(job_id)
    folder.mkdir(parents=True)
    jobs.delete(job_id)
    assert not folder.exists()
    with pytest.raises(JobNotFound):
        jobs.get(job_id)
    waiting = jobs.submit("echo", {})
    jobs.delete(waiting)
    assert claim(jobs) is None


def test_one_death_is_forgiven_the_second_ends_it_and_resume_forgives_again(jobs: Jobs) -> None:
    first, second = jobs.submit("echo", {}), jobs.submit("echo", {})
    for _ in range(2):
        claim(jobs)
        assert bury(jobs) == [(first, "queued")]
        assert jobs.get(first).place == 1, "it keeps its place"
        claim(jobs)
        assert bury(jobs) == [(first, "interrupted")]
        job = jobs.get(first)
        assert job.error is not None
        assert job.error["code"] == "job_interrupted"
        assert "SIGKILL" in job.error["text"]
        assert bury(jobs) == []
        jobs.resume(first)
        assert jobs.get(first).error is None
        jobs.cancel(second)
        jobs.resume(second)
    assert jobs.get(first).attempts == 4


def test_a_worker_that_was_given_up_changes_nothing(jobs: Jobs) -> None:
    job_id = jobs.submit("echo", {})
    claim(jobs, "old")
    bury(jobs, "old")
    claim(jobs, "new")
    with jobs._database.write() as db:
        assert not transitions.finish(db, "old", job_id, result="{}")
        transitions.release(db, "old")
    assert jobs.get(job_id).state == "running"
    with jobs._database.write() as db:
        assert transitions.finish(db, "new", job_id, result="{}")
    assert jobs.get(job_id).state == "done"


def test_seconds_count_the_attempts_only(jobs: Jobs) -> None:
    begun = time.monotonic()
    job_id = jobs.submit("echo", {})
    for _ in range(2):
        time.sleep(0.1)
        claim(jobs)
        time.sleep(0.1)
        bury(jobs)
    assert 0.2 <= jobs.get(job_id).seconds <= time.monotonic() - begun - 0.19, "not the time in the queue"


def test_everything_survives_a_restart(make_jobs: MakeJobs, tmp_path: Path) -> None:
    jobs = make_jobs()
    ids = [jobs.submit("echo", {"n": n}) for n in range(3)]
    jobs.cancel(ids[1])
    again = make(tmp_path / "jobs")
    assert again.list() == jobs.list()


def test_expire_removes_old_ended_jobs(jobs: Jobs) -> None:
    ended, waiting = jobs.submit("echo", {}), jobs.submit("echo", {})
    jobs.cancel(ended)
    jobs.work_folder(ended).mkdir(parents=True)
    assert list(jobs.expire(3600)) == []
    time.sleep(0.02)
    assert list(jobs.expire(0.01)) == [ended]
    assert [job.id for job in jobs.list()] == [waiting]
    assert not jobs.work_folder(ended).exists()


def test_wait_gives_up_in_time(jobs: Jobs) -> None:
    begun = time.monotonic()
    assert jobs.wait(jobs.submit("echo", {}), 0.2).state == "queued"
    assert 0.15 < time.monotonic() - begun < 2


def test_a_list_of_a_thousand_is_quick(make_jobs: MakeJobs) -> None:
    jobs = make_jobs(max_queue=2000)
    with jobs._database.write() as db:
        for n in range(1000):
            job_id = transitions.submit(db, "echo", "{}", "local", "", (2000, None))
            for step in range(20):
                text = queries.write_progress(queries.Progress("train", step, 20))
                db.execute("INSERT INTO events (job, attempt, time, marked, progress) VALUES (?, 1, ?, 0, ?)", (job_id, n, text))
    begun = time.perf_counter()
    listed = jobs.list(states=["queued"])
    assert time.perf_counter() - begun < 2.0
    assert len(listed) == 1000
    assert listed[0].progress is not None
    assert listed[0].progress.done == 19
