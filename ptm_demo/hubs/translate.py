"""The one boundary where what the Hub's client raises becomes one sentence for a reader.

huggingface_hub speaks HTTP through httpx2, whose errors are no OSErrors; `huggingface_hub.utils.httpx` is that module under
either name. Knows nothing of what was asked.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from ptm_demo.errors import (
    BadModelId,
    DiskFull,
    GatedModel,
    HubOffline,
    HubRefused,
    HubTimeout,
    HubUnreachable,
    HubUnreadable,
    ModelNotFound,
    PtmError,
    RevisionNotFound,
)
from ptm_demo.hubs.watched import NoLife

_FOREIGN = ("huggingface_hub", "httpx", "httpx2", "httpcore", "httpcore2", "h11", "ssl")
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def translated(model_id: str, seconds: float, revision: str = "") -> Iterator[None]:
    """Let nothing out but PtmErrors, Cancelled, and mistakes of our own.

    Args:
        seconds: how long one request may take, for the sentence of a time-out.

    Raises:
        ModelNotFound, RevisionNotFound, GatedModel, BadModelId, HubTimeout, HubUnreachable, HubOffline, HubRefused,
        HubUnreadable, DiskFull: chained to what was raised.
    """
    try:
        yield
    except NoLife as error:
        raise HubTimeout(model_id=model_id, seconds=round(error.seconds)) from error
    except Exception as error:
        told = tell(error, model_id, seconds, revision)
        if told is None:
            raise
        raise told from error


def tell(error: Exception, model_id: str, seconds: float, revision: str = "") -> PtmError | None:
    """The sentence for an error of the client, the network or the disk; None for any other error."""
    from huggingface_hub import errors
    from huggingface_hub.utils import httpx

    if isinstance(error, PtmError):
        return None
    if isinstance(error, errors.OfflineModeIsEnabled):
        return HubOffline(model_id=model_id)
    if isinstance(error, errors.GatedRepoError):
        return GatedModel(model_id=model_id)
    if isinstance(error, errors.RevisionNotFoundError):
        return RevisionNotFound(model_id=model_id, revision=revision)
    if isinstance(error, errors.RepositoryNotFoundError):
        return ModelNotFound(model_id=model_id)
    if isinstance(error, errors.HFValidationError | errors.HfUriError):
        return BadModelId(model_id=model_id)
    status = getattr(getattr(error, "response", None), "status_code", 0)
    if status:
        return ModelNotFound(model_id=model_id) if status in {401, 404} else HubRefused(model_id=model_id, status=status)
    if isinstance(error, httpx.TimeoutException):
        return HubTimeout(model_id=model_id, seconds=round(seconds))
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return DiskFull(what=model_id)
    if isinstance(error, httpx.DecodingError | httpx.InvalidURL | httpx.TooManyRedirects):
        return HubUnreadable(model_id=model_id)
    if isinstance(error, ConnectionError) or type(error).__module__.split(".")[0] in _FOREIGN:
        return HubUnreachable(model_id=model_id)
    return None
