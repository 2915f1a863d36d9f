"""One attempt at one job: find the handler, call it, and put whatever comes of it into an outcome.

The one place where a handler's foreign exceptions become sentences; their tracebacks go to the log only.
"""

from __future__ import annotations

import importlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ptm_demo.errors import JobError, OutOfMemory, PtmError, disk_full
from ptm_demo.jobs import queries
from ptm_demo.jobs.model import Handler, JobContext
from ptm_demo.progress import Cancelled

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`result` is JSON text; `error` a PtmError's dict; with neither, the handler stopped because it was asked to."""

    result: str | None = None
    error: Mapping[str, Any] | None = None


def load_handler(target: str) -> Handler:
    """The function that "module:function" names."""
    module, _, name = target.partition(":")
    handler: Handler = getattr(importlib.import_module(module), name)
    return handler


def attempt(target: str | None, payload: dict[str, Any], context: JobContext) -> Outcome:
    """Never raises, whatever the handler does. `target` is None when nobody handles that kind of job (any more)."""
    try:
        if target is None:
            raise JobError(detail="this version does not know its kind")
        context.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        answer = load_handler(target)(payload, context)
        if not isinstance(answer, Mapping):
            raise JobError(detail=f"its handler returned {type(answer).__name__} instead of a mapping")
        return Outcome(result=json.dumps(dict(answer), default=queries.plain))
    except Cancelled:
        return Outcome()
    except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001 - the border: nothing may pass it
        _log.exception("job %s, attempt %d", context.job_id, context.attempt)
        return Outcome(error=as_ptm_error(error).to_dict())


def as_ptm_error(error: BaseException) -> PtmError:
    """The sentence for any exception."""
    if isinstance(error, PtmError):
        return error
    if isinstance(error, MemoryError) or _allocation_failed(error):
        return OutOfMemory()
    full = disk_full(error, "the job's files")
    if full is not None:
        return full
    first_line = (str(error).strip().splitlines() or [""])[0][:300]
    return PtmError(detail=f"{type(error).__name__}: {first_line}" if first_line else type(error).__name__)


def _allocation_failed(error: BaseException) -> bool:
    """Numeric libraries tell an exhausted memory by a RuntimeError's text."""
    text = str(error).lower()
    return isinstance(error, RuntimeError) and ("can't allocate memory" in text or "not enough memory" in text)
