"""The one place where the parts are put together; the page and the command line talk to nothing below it.

    services.data      uploaded tables: read, check, fix
    services.training  estimates and training, as jobs
    services.runs      what training kept: list, judge, rename, delete, export
    services.serving   ask a tuned (or a Hub's) classifier
    services.files     for the command line and Python: tables in plain files,
    services.inline    training in this process,
    services.asking    and a run that judges and answers them

Knows nothing of Gradio, of exit codes or of languages. Importing it loads no model library.
"""

from __future__ import annotations

import threading
from typing import Any

from ptm_demo.hubs import Hubs
from ptm_demo.jobs import Jobs
from ptm_demo.services.asking import AskingService
from ptm_demo.services.data import DataService
from ptm_demo.services.files import FileService
from ptm_demo.services.inline import InlineTraining
from ptm_demo.services.runs import RunService
from ptm_demo.services.scratch import Scratch
from ptm_demo.services.serving import ServingService
from ptm_demo.services.training import JOB_HANDLERS, JOB_PRELOAD, TrainingService
from ptm_demo.settings import Settings
from ptm_demo.store import DatasetStore, RunStore

__all__ = ["Services"]

DAY = 86_400.0
OWN_DAYS = 90  # uploaded tables and ended jobs of one's own studio are kept so long; runs are kept until they are deleted
SHARED_DAYS = 2


class Services:
    """Everything the studio can do, over one `Settings`.

    Args:
        settings: where things lie and what is allowed.
        allow_local: whether a model id may be a folder on this machine (command line and Python; never the page).
    """

    def __init__(self, settings: Settings, *, allow_local: bool = False) -> None:
        self.settings = settings
        self.scratch = Scratch()
        self.hubs = Hubs(settings, allow_local=allow_local)
        self.jobs = Jobs(
            settings.jobs_dir,
            handlers=JOB_HANDLERS,
            environ=settings.worker_environ(),
            preload=JOB_PRELOAD,
            max_queue=settings.max_queue,
            job_minutes=settings.job_minutes,
        )
        store = RunStore(settings.runs_dir)
        self.data = DataService(settings, DatasetStore(settings.datasets_dir), self.hubs)
        self.runs = RunService(store, self.hubs)
        self.training = TrainingService(settings, self.hubs, self.jobs, self.data, store)
        self.serving = ServingService(settings, self.hubs, store)
        self.files = FileService(settings, self.hubs)
        self.asking = AskingService(self.hubs, self.files, self.runs)
        self.inline = InlineTraining(settings, store, self.runs)

    def start(self) -> None:
        """Start the worker process (for a server; the command line needs none), and let go of what is old."""
        self.jobs.start()
        keep = SHARED_DAYS if self.settings.multi_user else OWN_DAYS
        self.jobs.expire(keep * DAY)
        self.data.expire(keep * DAY)

    def warm(self) -> None:
        """Load what the first visitor will need, in the background: after the page is up, never before."""
        threading.Thread(target=self.serving.warm, name="warm", daemon=True).start()

    def stop(self) -> None:
        """End the worker (running jobs are requeued at the next start) and remove what was handed over."""
        self.jobs.stop()
        self.scratch.clear()

    def __enter__(self) -> Services:
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop()
