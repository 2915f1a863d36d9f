"""What a worker process is told on its command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """How workers work.

    Attributes:
        handlers: "module:function" by kind of job.
        preload: modules to import while nothing waits; one that has a function `warm()` gets it called.
        nice: lowers the worker's priority (0…19). memory_bytes, file_bytes: its ceilings (None: none).
        job_minutes: wall-clock limit of one attempt.
        grace_seconds: how long a job that was asked to stop may take before it is killed.
        exit_seconds: the same when the program itself ends.
    """

    handlers: Mapping[str, str]
    preload: tuple[str, ...] = field(default=())
    nice: int = 19
    memory_bytes: int | None = None
    file_bytes: int | None = 16 * 1024**3
    job_minutes: float = 240.0
    grace_seconds: float = 20.0
    exit_seconds: float = 5.0

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> WorkerOptions:
        data = json.loads(text)
        return cls(**{**data, "preload": tuple(data["preload"])})
