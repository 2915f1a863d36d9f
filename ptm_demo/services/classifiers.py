"""Opens a tuned run as a classifier that answers: finds its base model on a hub and puts the adapters on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptm_demo.store import Run

if TYPE_CHECKING:
    from ptm_demo.hubs import Hubs
    from ptm_demo.tasks.classify import TextClassifierModel


def open_classifier(hubs: Hubs, run: Run) -> TextClassifierModel:
    """The run on a fresh copy of its base, at the revision it was trained from; the base is pulled when it is not here.

    Raises:
        RunBroken: a file of the run is missing or does not fit.
        ModelError, HubError: its base model cannot be had or loaded.
    """
    from ptm_demo.tasks.classify import load_run

    base = run.read("base.json", dict[str, Any])
    return load_run(run.path, hubs.pull(base["model_id"], base["revision"]))
