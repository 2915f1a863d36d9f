"""Jobs as the rest of the studio uses them: submit, look, cancel, resume, delete. Knows no ML; handlers are names.

Everything that is said is in the database, so any number of programs and threads may ask; the work is done by the
processes of whichever program is in charge of the folder.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ptm_demo.errors import BadOption
from ptm_demo.jobs import queries, transitions
from ptm_demo.jobs.database import Database
from ptm_demo.jobs.model import Event, Job
from ptm_demo.jobs.options import WorkerOptions

_WAIT_SECONDS = 0.05
_TITLE_CHARACTERS = 200


class Jobs:
    """The jobs of one folder.

    Args:
        folder: everything of the jobs: database, checkpoints, logs.
        handlers: "module:function" by kind; the function is `handle(payload: dict, context: JobContext) -> Mapping`.
        environ: the whole environment of a worker. Nothing else reaches it, so leave tokens out.
        preload: modules that a worker imports while nothing waits (and whose `warm()` it calls).
        max_queue, max_queue_per_owner: jobs that may wait at once.
        job_minutes: wall-clock limit of one attempt.
        memory_bytes, file_bytes: a worker's ceilings.
        workers: how many jobs are done at once.
        grace_seconds: how long a job may take to stop before it is killed.

    Where a method takes `owner`, a job of somebody else is answered like one that does not exist: JobNotFound.
    """

    def __init__(
        self,
        folder: Path,
        *,
        handlers: Mapping[str, str],
        environ: Mapping[str, str],
        preload: Sequence[str] = (),
        max_queue: int = 20,
        max_queue_per_owner: int | None = None,
        job_minutes: float = 240.0,
        memory_bytes: int | None = None,
        file_bytes: int | None = 16 * 1024**3,
        workers: int = 1,
        nice: int = 19,
        grace_seconds: float = 20.0,
        exit_seconds: float = 5.0,
    ) -> None:
        self.folder = folder.resolve()
        self._options = WorkerOptions(
            handlers=dict(handlers),
            preload=tuple(preload),
            nice=nice,
            memory_bytes=memory_bytes,
            file_bytes=file_bytes,
            job_minutes=job_minutes,
            grace_seconds=grace_seconds,
            exit_seconds=exit_seconds,
        )
        self._environ, self._workers = dict(environ), workers
        self._limits = (max_queue, max_queue_per_owner)
        self._database = Database(self.folder)
        self._supervisor: Any = None

    def start(self) -> None:
        """Start the workers, unless another program is in charge of the folder; this one then takes over when that ends.

        Returns at once. Jobs that waited, and those that a crash cut off, go on. A second call does nothing.
        """
        if self._supervisor is None:
            from ptm_demo.jobs.supervisor import Supervisor

            self._supervisor = Supervisor(self.folder, self._database, self._options, self._environ, self._workers)
            self._supervisor.start()

    def stop(self, timeout: float = 10.0) -> None:
        """End the workers, within about `timeout` seconds. A running job keeps its checkpoint and goes on at the next start."""
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is not None:
            supervisor.stop(timeout)

    @property
    def in_charge(self) -> bool:
        """Whether this program runs the folder's workers."""
        return self._supervisor is not None and self._supervisor.in_charge

    def worker_pids(self) -> Sequence[int]:
        """The living workers of this program."""
        return [] if self._supervisor is None else self._supervisor.pids()

    def submit(self, kind: str, payload: Mapping[str, Any], *, owner: str = "local", title: str = "") -> str:
        """Queue a job and return its id; once it returns, the job survives any crash.

        Args:
            payload: JSON-ready; its paths must be absolute, for a worker has another working directory.

        Raises:
            BadOption: nobody handles that kind. QueueFull, DiskFull.
        """
        if kind not in self._options.handlers:
            raise BadOption(option="kind", expected=" or ".join(sorted(self._options.handlers)) or "a kind of job", found=kind)
        text = json.dumps(dict(payload))
        with self._database.write() as db:
            return transitions.submit(db, kind, text, owner, _storable(title), self._limits)

    def get(self, job_id: str, *, owner: str | None = None) -> Job:
        """Raises JobNotFound."""
        with self._database.read() as db:
            return queries.get(db, job_id, owner)

    def list(self, owner: str | None = None, states: Iterable[str] | None = None, *, limit: int = 1000) -> Sequence[Job]:
        """The newest first; of one owner (default: all), in some states (default: all)."""
        with self._database.read() as db:
            return queries.listed(db, owner, states, limit)

    def events(self, job_id: str, after: int = 0, *, owner: str | None = None) -> Sequence[Event]:
        """Reports with a `seq` over `after`, in order. Raises JobNotFound."""
        with self._database.read() as db:
            queries.get(db, job_id, owner)
            return queries.events(db, job_id, after)

    def cancel(self, job_id: str, *, owner: str | None = None) -> Job:
        """Stop a waiting job at once; ask a running one to stop ("stopping"). Does nothing to one that has ended."""
        with self._database.write() as db:
            transitions.ask_stop(db, job_id, owner)
            return queries.get(db, job_id, owner)

    def resume(self, job_id: str, *, owner: str | None = None) -> Job:
        """Queue a stopped, interrupted or failed job again; its handler finds its folder as it left it.

        Raises:
            JobNotFound, JobNotResumable, QueueFull.
        """
        with self._database.write() as db:
            transitions.resume(db, job_id, owner, self._limits)
            return queries.get(db, job_id, owner)

    def delete(self, job_id: str, *, owner: str | None = None) -> None:
        """Remove a job that does not run, with its events and its folder. Raises JobNotFound, JobStillRunning."""
        with self._database.write() as db:
            transitions.delete(db, job_id, owner)
        shutil.rmtree(self.work_folder(job_id), ignore_errors=True)

    def expire(self, older_than: float) -> Sequence[str]:
        """Delete jobs that ended more than `older_than` seconds ago; returns their ids."""
        before = time.time() - older_than
        with self._database.write() as db:
            rows = db.execute("SELECT id FROM jobs WHERE finished<? AND state NOT IN ('queued', 'running', 'stopping')", (before,))
            ids = [str(row["id"]) for row in rows.fetchall()]
            for job_id in ids:
                transitions.delete(db, job_id, None)
        for job_id in ids:
            shutil.rmtree(self.work_folder(job_id), ignore_errors=True)
        return ids

    def wait(self, job_id: str, timeout: float | None = None, *, owner: str | None = None) -> Job:
        """The job once it has ended, or as it stands after `timeout` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            job = self.get(job_id, owner=owner)
            if job.ended or (deadline is not None and time.monotonic() >= deadline):
                return job
            time.sleep(_WAIT_SECONDS)

    def work_folder(self, job_id: str) -> Path:
        """Where the job's handler keeps its checkpoints; it may not exist yet."""
        return self.folder / "work" / job_id


def _storable(title: str) -> str:
    """Lone surrogates cannot be stored as text."""
    return title[:_TITLE_CHARACTERS].encode("utf-8", "replace").decode()
