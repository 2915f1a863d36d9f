"""One warm worker: what it makes of whatever a handler does."""

from __future__ import annotations

import itertools
import statistics
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from ptm_demo.errors import PtmError
from ptm_demo.jobs import Job, Jobs
from tests.unit.jobs.conftest import ENVIRON, MODULE, MakeJobs, make, running, until


def done(jobs: Jobs, kind: str, payload: dict[str, Any], **options: Any) -> Job:
    job = jobs.wait(jobs.submit(kind, payload, **options), 20)
    assert job.ended, job
    return job


def test_a_job_is_done_and_its_result_kept(shared_jobs: Jobs) -> None:
    job = done(shared_jobs, "echo", {"text": "中"}, owner="ann")
    assert job.state == "done"
    assert job.result == {"text": "中", "attempt": 1, "resumed": False, "owner": "ann"}
    assert job.error is None
    assert job.started is not None
    assert job.finished is not None
    assert job.created <= job.started <= job.finished
    assert 0 <= job.seconds < 5


def test_a_warm_worker_takes_a_job_at_once_and_idles_cheaply(shared_jobs: Jobs) -> None:
    done(shared_jobs, "echo", {})
    waits = []
    for _ in range(8):
        job = done(shared_jobs, "echo", {})
        assert job.started is not None
        waits.append(job.started - job.created)
    assert statistics.median(waits) < 0.2  # 0.05 s on a quiet machine
    worker = psutil.Process(shared_jobs.worker_pids()[0])
    before = sum(worker.cpu_times()[:2])
    time.sleep(1.0)
    assert sum(worker.cpu_times()[:2]) - before < 0.1


@pytest.mark.parametrize(
    ("what", "code", "text"),
    [
        ("ptm", "too_few_rows", "found 3"),
        ("memory", "out_of_memory", "enough memory"),
        ("allocator", "out_of_memory", "enough memory"),
        ("disk", "disk_full", "the disk is full"),
        ("other", "ptm_error", "Something went wrong: ValueError: first line."),
    ],
)
def test_errors_become_sentences_and_tracebacks_stay_in_the_log(shared_jobs: Jobs, what: str, code: str, text: str) -> None:
    job = done(shared_jobs, "fail", {"what": what})
    assert job.state == "failed"
    assert job.result is None
    assert job.error is not None
    error = PtmError.from_dict(dict(job.error))
    assert error.code == job.error["code"] == code
    assert text in job.error["text"]
    for secret in ("Traceback", "second line", "/somewhere", "handlers_for_tests"):
        assert secret not in str(job.error)
    log = (shared_jobs.folder / "logs" / "worker.log").read_text()
    assert "Traceback" in log
    assert job.id in log


def test_a_handler_that_is_gone_or_answers_nonsense(shared_jobs: Jobs) -> None:
    assert "ModuleNotFoundError" in str(done(shared_jobs, "nowhere", {}).error)
    assert "NoneType instead of a mapping" in str(done(shared_jobs, "odd_result", {"what": "none"}).error)
    assert done(shared_jobs, "odd_result", {"what": "odd"}).result == {"path": "/a/b", "set": [1]}
    left = done(shared_jobs, "leave", {})
    assert left.state == "failed"
    assert "SystemExit" in str(left.error)


def test_a_kind_that_a_newer_program_no_longer_knows(tmp_path: Path) -> None:
    job_id = make(tmp_path).submit("echo", {})
    jobs = make(tmp_path, handlers={})
    jobs.start()
    try:
        assert "does not know its kind" in str(jobs.wait(job_id, 10).error)
    finally:
        jobs.stop()


def test_the_worker_sees_only_what_it_was_given(shared_jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = done(shared_jobs, "surroundings", {}).result
    assert seen is not None
    environ = {key: value for key, value in seen["environ"].items() if key != "LC_CTYPE"}  # Python's own, for UTF-8
    assert environ["PATH"] == ENVIRON["PATH"]
    assert set(environ) == {"PATH", "PYTHONPATH"}
    assert seen["stdin"] == ""
    assert seen["cwd"] == str(shared_jobs.folder)
    assert seen["folder"].startswith(str(shared_jobs.folder))
    heavy = {"torch", "transformers", "pandas", "pydantic", "gradio", "sklearn", "numpy", "psutil", "filelock"}
    assert heavy.isdisjoint(module.split(".")[0] for module in seen["modules"])


def test_a_polite_worker_is_up_within_a_second(make_jobs: MakeJobs) -> None:
    jobs = make_jobs(nice=19)
    job_id = jobs.submit("surroundings", {})
    begun = time.monotonic()
    jobs.start()
    assert time.monotonic() - begun < 1.0, "start must not wait"
    job = jobs.wait(job_id, 10)
    assert job.result is not None
    assert job.result["nice"] == 19
    assert time.monotonic() - begun < 4.0  # 0.2 s on a quiet machine


def test_output_goes_to_a_small_log(make_jobs: MakeJobs) -> None:
    jobs = make_jobs()
    jobs.start()
    assert done(jobs, "chatter", {"lines": 20_000}).state == "done"  # 20 MB
    logs = list((jobs.folder / "logs").iterdir())
    until(lambda: sum(path.stat().st_size for path in logs) < 3_000_000)
    assert "last words" in "".join(path.read_text() for path in (jobs.folder / "logs").iterdir())


def test_reports_can_be_read_while_it_runs_and_after_a_reload(shared_jobs: Jobs) -> None:
    job_id = shared_jobs.submit("count", {"to": 60, "pause": 0.02})
    job = running(shared_jobs, job_id)
    assert job.progress is not None
    assert job.progress.stage == "count"
    seen = list(shared_jobs.events(job_id))
    while not shared_jobs.get(job_id).ended:
        seen += shared_jobs.events(job_id, after=seen[-1].seq)
        time.sleep(0.05)
    seen += shared_jobs.events(job_id, after=seen[-1].seq)
    reloaded = make(shared_jobs.folder)
    assert list(reloaded.events(job_id)) == seen
    numbers = [event.progress.done for event in seen]
    assert numbers == sorted(set(numbers))
    assert (numbers[0], numbers[-1]) == (1, 60)
    assert 5 < len(numbers) <= 60
    assert reloaded.get(job_id).progress == seen[-1].progress


def test_a_flood_of_reports_is_bounded_and_loses_no_evaluation(shared_jobs: Jobs) -> None:
    job = done(shared_jobs, "reports", {"steps": 5_000})
    assert job.state == "done"
    events = shared_jobs.events(job.id)
    evaluations = [event.progress.done for event in events if "eval_macro_f1" in event.progress.detail]
    assert evaluations == [100 * n for n in range(1, 51)]
    assert len(events) < 300
    assert job.progress is not None
    assert job.progress.stage == "save"


def test_cancel_of_a_running_job_and_resume_from_its_checkpoint(shared_jobs: Jobs) -> None:
    job_id = shared_jobs.submit("count", {"to": 50, "pause": 0.02})
    running(shared_jobs, job_id)
    assert shared_jobs.cancel(job_id).state == "stopping"
    begun = time.monotonic()
    stopped = shared_jobs.wait(job_id, 10)
    assert stopped.state == "stopped"
    assert time.monotonic() - begun < 3
    assert stopped.error is None
    shared_jobs.resume(job_id)
    job = shared_jobs.wait(job_id, 10)
    assert job.result is not None
    assert job.result["from"] > 0
    assert (job.result["attempt"], job.result["resumed"], job.attempts) == (2, True, 2)
    assert [event.attempt for event in shared_jobs.events(job_id)] == sorted(event.attempt for event in shared_jobs.events(job_id))


def test_one_job_at_a_time_in_order(shared_jobs: Jobs) -> None:
    ids = [shared_jobs.submit("count", {"to": 5, "pause": 0.02}) for _ in range(4)]
    most = 0
    while not all(shared_jobs.get(i).ended for i in ids):
        most = max(most, len(shared_jobs.list(states=["running", "stopping"])))
        time.sleep(0.01)
    jobs = [shared_jobs.get(i) for i in ids]
    assert most == 1
    for before, after in itertools.pairwise(jobs):
        assert before.finished is not None
        assert after.started is not None
        assert before.finished <= after.started


def test_the_worker_stays_warm_over_many_short_jobs(make_jobs: MakeJobs) -> None:
    jobs = make_jobs(max_queue=200)
    jobs.start()
    done(jobs, "echo", {})
    before = jobs.worker_pids()
    ids = [jobs.submit("echo", {"n": n}) for n in range(80)]
    for job_id in ids:
        job = jobs.wait(job_id, 20)
        assert (job.state, job.attempts) == ("done", 1)
    assert jobs.worker_pids() == before
    assert "ERROR" not in _log(jobs)


def test_two_workers_when_asked(make_jobs: MakeJobs) -> None:
    jobs = make_jobs(workers=2)
    jobs.start()
    ids = [jobs.submit("count", {"to": 30, "pause": 0.02}) for _ in range(2)]
    until(lambda: len(jobs.list(states=["running"])) == 2)
    assert [jobs.wait(i, 10).state for i in ids] == ["done", "done"]
    assert len(set(jobs.worker_pids())) == 2


def test_modules_are_loaded_and_warmed_before_the_first_job(make_jobs: MakeJobs) -> None:
    jobs = make_jobs(preload=["no_such_module_to_load", MODULE])
    jobs.start()
    until(lambda: f"loaded {MODULE}" in _log(jobs))
    assert done(jobs, "was_warm", {}).result == {"warmed": 1}
    assert "could not load no_such_module_to_load" in _log(jobs)


def test_ceilings_of_memory_and_files(make_jobs: MakeJobs) -> None:
    jobs = make_jobs(memory_bytes=2 * 1024**3, file_bytes=32 * 1024**2)
    jobs.start()
    assert done(jobs, "fail", {"what": "address space"}).error["code"] == "out_of_memory"  # type: ignore[index]
    assert done(jobs, "fail", {"what": "big file"}).error["code"] == "disk_full"  # type: ignore[index]
    assert done(jobs, "echo", {}).state == "done", "the worker lives on"


def _log(jobs: Jobs) -> str:
    path = jobs.folder / "logs" / "worker.log"
    return path.read_text() if path.exists() else ""
