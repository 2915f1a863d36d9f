"""Estimates and training as jobs: from a choice of rows and a plan to a job that survives the page."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from queue import Queue
from typing import TYPE_CHECKING, Any

from ptm_demo.errors import JobNotFound
from ptm_demo.progress import CancelToken, Progress, ProgressFn, ignore
from ptm_demo.results import CurvePoint, Estimate
from ptm_demo.services.data import DataChoice, DataService
from ptm_demo.settings import Settings

if TYPE_CHECKING:
    from ptm_demo.hubs import Hubs, PulledModel
    from ptm_demo.jobs import Job, Jobs
    from ptm_demo.store import RunStore
    from ptm_demo.tuning import TuneConfig

JOB_HANDLERS: Mapping[str, str] = {
    "train": "ptm_demo.tuning.job:handle_train",
    "estimate": "ptm_demo.tuning.job:handle_estimate",
}
JOB_PRELOAD = ("ptm_demo.tuning.job",)


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What to train: rows, settings and the name the run will have ("" = made from model and data)."""

    data: DataChoice
    config: TuneConfig
    name: str = ""


class TrainingService:
    """Submits jobs and reads them; the training itself happens in the worker process."""

    def __init__(self, settings: Settings, hubs: Hubs, jobs: Jobs, data: DataService, runs: RunStore) -> None:
        self._settings, self._hubs, self._jobs, self._data, self._runs = settings, hubs, jobs, data, runs

    def pull(self, model_id: str, progress: ProgressFn = ignore, cancel: CancelToken | None = None) -> PulledModel:
        """Bring a model onto this machine (at once when it is here)."""
        return self._hubs.pull(model_id, progress=progress, cancel=cancel)

    def pulling(self, model_id: str) -> Iterator[Progress]:
        """Bring a model onto this machine and tell how far it is while that goes on; ends when the model is here.

        Raises:
            ModelError, HubError: it cannot be had.
        """
        if model_id.startswith("builtin:"):  # here, or made in a moment: nothing to tell
            self.pull(model_id)
            return
        heard: Queue[Progress | Exception | None] = Queue()

        def work() -> None:
            try:
                self.pull(model_id, progress=heard.put)
                heard.put(None)
            except Exception as error:  # noqa: BLE001 - carried to the asker's thread and raised there
                heard.put(error)

        threading.Thread(target=work, name="pull", daemon=True).start()
        while (said := heard.get()) is not None:
            if isinstance(said, Exception):
                raise said
            yield said

    def models(self) -> list[str]:
        """Ids of the models on this machine that can be tuned into a classifier, built-in ones first."""
        return [info.id for info in self._hubs.installed() if info.task != "text-generation"]

    def start_estimate(self, plan: TrainingPlan, owner: str) -> str:
        """Submit the measuring of a plan; earlier measurings of this owner are given up. Returns the job's id."""
        for job in self._jobs.list(owner=owner, states=("queued", "running")):
            if job.kind == "estimate":
                self._jobs.cancel(job.id)
        return self._jobs.submit("estimate", self._payload(plan, owner), owner=owner, title=plan.name)

    def start(self, plan: TrainingPlan, owner: str, estimate: Estimate | None = None) -> str:
        """Submit a training; returns the job's id."""
        payload = self._payload(plan, owner)
        payload["estimate"] = asdict(estimate) if estimate else None
        return self._jobs.submit("train", payload, owner=owner, title=plan.name)

    def job(self, job_id: str, owner: str) -> Job:
        return self._jobs.get(job_id, owner=owner)

    def current(self, owner: str) -> Job | None:
        """The training to show after a reload: the one that runs or waits, else the last one that stopped short."""
        jobs = [job for job in self._jobs.list(owner=owner) if job.kind == "train"]
        active = [job for job in jobs if job.state in ("running", "stopping", "queued")]
        return active[0] if active else (max(jobs, key=lambda job: job.created) if jobs else None)

    def stop(self, job_id: str, owner: str) -> None:
        self._jobs.get(job_id, owner=owner)
        self._jobs.cancel(job_id)

    def resume(self, job_id: str, owner: str) -> None:
        self._jobs.get(job_id, owner=owner)
        self._jobs.resume(job_id)

    def estimate_of(self, job: Job) -> Estimate | None:
        """What a finished estimate job measured."""
        return Estimate(**job.result["estimate"]) if job.result and "estimate" in job.result else None

    def estimate_for(self, plan: TrainingPlan, job_id: str, owner: str) -> Estimate | None:
        """What was measured for exactly this plan; None when that job is gone, not done, or measured another one."""
        if not job_id:
            return None
        try:
            job = self._jobs.get(job_id, owner=owner)
        except JobNotFound:
            return None
        wanted = self._payload(plan, owner)
        same = all(job.payload.get(key) == wanted[key] for key in ("dataset", "fixes", "config", "eval_dataset"))
        return self.estimate_of(job) if same else None

    def curve(self, job_id: str, owner: str, after: int = 0) -> tuple[list[CurvePoint], int]:
        """Points of the training curve since event `after`, and the last event's number."""
        self._jobs.get(job_id, owner=owner)
        points, last = [], after
        for event in self._jobs.events(job_id, after=after):
            last = max(last, event.seq)
            point = curve_point(event.progress)
            if point is not None:
                points.append(point)
        return points, last

    def _payload(self, plan: TrainingPlan, owner: str) -> dict[str, Any]:
        data = plan.data
        pulled = self._hubs.pull(plan.config.model_id)
        return {
            "dataset": str(self._data.path(data.dataset_id, owner)),
            "dataset_name": self._data.table(data.dataset_id, owner).name,
            "eval_dataset": str(self._data.path(data.eval_dataset_id, owner)) if data.eval_dataset_id else None,
            "eval_dataset_name": self._data.table(data.eval_dataset_id, owner).name if data.eval_dataset_id else "",
            "text_column": data.text_column,
            "label_column": data.label_column,
            "fixes": list(data.fixes),
            "config": asdict(plan.config),
            "base": {**asdict(pulled), "path": str(pulled.path)},
            "owner": owner,
            "name": plan.name,
            "runs_dir": str(self._settings.runs_dir),
            "threads": self._settings.threads,
        }


def curve_point(progress: Progress) -> CurvePoint | None:
    detail = progress.detail
    if progress.stage not in ("train", "evaluate") or not ("loss" in detail or "eval_loss" in detail):
        return None
    names = ("epoch", "loss", "learning_rate", "eval_loss", "eval_accuracy", "eval_macro_f1")
    facts = {name: detail[name] for name in names if detail.get(name) is not None}
    return CurvePoint(step=int(detail.get("step", progress.done)), **{"epoch": 0.0, **facts})
