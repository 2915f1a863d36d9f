"""What is said about a job, and what a handler is given. Knows nothing of where jobs are kept or who runs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ptm_demo.progress import CancelToken, Progress, ProgressFn

JobState = Literal["queued", "running", "stopping", "stopped", "done", "failed", "interrupted"]

ENDED: frozenset[JobState] = frozenset({"stopped", "done", "failed", "interrupted"})
RESUMABLE: frozenset[JobState] = frozenset({"stopped", "failed", "interrupted"})


@dataclass(frozen=True, slots=True)
class Job:
    """One job as it stands.

    Attributes:
        place: 1, 2, … in the queue while it waits; 0 while it runs and after it ended.
        payload: what `submit` was given.
        result: what the handler returned; only when `state` is "done".
        error: `PtmError.to_dict()`; only when `state` is "failed" or "interrupted".
        progress: the latest report, or None before the first.
        created, started, finished: Unix times in seconds; `started` is the first attempt's.
        attempts: how often a worker has taken it up.
        seconds: time that all attempts took so far.
    """

    id: str
    kind: str
    owner: str
    title: str
    state: JobState
    place: int
    payload: Mapping[str, Any]
    result: Mapping[str, Any] | None
    error: Mapping[str, Any] | None
    progress: Progress | None
    created: float
    started: float | None
    finished: float | None
    attempts: int
    seconds: float

    @property
    def ended(self) -> bool:
        return self.state in ENDED


@dataclass(frozen=True, slots=True)
class Event:
    """One report of a job. `seq` grows over all jobs; `time` is Unix time; `attempt` counts from 1."""

    seq: int
    progress: Progress
    time: float
    attempt: int


@dataclass(frozen=True, slots=True)
class JobContext:
    """What a handler may know and use.

    Attributes:
        folder: the job's own folder; what lies there is still there at the next attempt.
        report: tells how far the work is; cheap, so call it at every step.
        cancel: asked to stop when `cancel.cancelled`; the handler then keeps a checkpoint and raises Cancelled.
        attempt: 1 at first, one more each time that the job is taken up again.
        resumed: there was an earlier attempt, so look for its checkpoint.
    """

    job_id: str
    folder: Path
    report: ProgressFn
    cancel: CancelToken
    attempt: int
    resumed: bool
    owner: str = "local"


Handler = Callable[[dict[str, Any], JobContext], Mapping[str, Any]]
