"""Brings one file of a model here, byte by byte: resumed where it stopped, stopped when asked, compared with its hash.

huggingface_hub's own download hands over 10 MB at a time, retries a silent host five times for 10 s each, and begins a
file anew in the next call; here a stop takes effect and progress is seen with every packet, and what has arrived is kept.
Knows nothing of models; asks the library for headers and its HTTP session.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ptm_demo.errors import HubUnreachable, ModelBroken
from ptm_demo.hubs.watched import Watch

_CHUNK = 1 << 20
_BARREN = 3  # attempts in a row that bring no byte


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file as the Hub lists it. `sha256` is known of large files; `git_sha1`, the id of its git blob, of small ones."""

    name: str
    bytes: int
    sha256: str = ""
    git_sha1: str = ""


def download(file: RemoteFile, url: str, folder: Path, model_id: str, *, headers: dict[str, str], timeout: float, watch: Watch) -> None:
    """Fetch `url` into `folder`/`file.name`; a part of it from an earlier call is gone on with.

    Args:
        timeout: seconds for connecting and for each wait for bytes.
        watch: told every byte; when its watcher has left, nothing more is written.

    Raises:
        ModelBroken: what arrived is not what the Hub lists.
        HubUnreachable: the connection was cut again and again.
        Exception: of the HTTP client; the caller translates.
    """
    from huggingface_hub.utils import httpx

    target = folder / file.name
    if target.is_file():
        watch.done += target.stat().st_size
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    have = min(part.stat().st_size, file.bytes) if part.is_file() else 0
    watch.done += have
    barren = 0
    while have < file.bytes or not part.is_file():
        watch.check()
        before = have
        try:
            have = _attempt(url, part, have, headers, timeout, watch, file.bytes, model_id)
        except httpx.TransportError:
            have = part.stat().st_size if part.is_file() else 0
            barren = 0 if have > before else barren + 1
            if barren >= _BARREN:
                raise
        else:
            barren = 0 if have > before else barren + 1
            if have < file.bytes and barren >= _BARREN:
                raise HubUnreachable(model_id=model_id)
        if have < file.bytes:
            watch.wait(min(0.5, timeout / 4))
    watch.check()
    if not _is(file, part):
        part.unlink()
        raise ModelBroken(model_id=model_id, reason=f"{file.name} arrived damaged")
    part.replace(target)
    watch.beats += 1


def _attempt(url: str, part: Path, have: int, headers: dict[str, str], timeout: float, watch: Watch, size: int, model_id: str) -> int:
    """One request, from byte `have` on; the bytes that are here at its end."""
    from huggingface_hub.utils import get_session, hf_raise_for_status

    # identity: lengths and ranges count the file's own bytes
    asked = {**headers, "Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
    with get_session().stream("GET", url, headers=asked, timeout=timeout) as response:
        if response.status_code == 416:  # the part is longer than the file: it is of no use
            part.unlink(missing_ok=True)
            watch.done -= have
            return 0
        hf_raise_for_status(response)
        goes_on = have > 0 and response.status_code == 206
        if have and not goes_on:
            watch.done -= have
            have = 0
        with part.open("ab" if goes_on else "wb", buffering=0) as out:
            if goes_on:
                out.truncate(have)
            for chunk in response.iter_raw():
                watch.check()
                if have + len(chunk) > size:
                    raise ModelBroken(model_id=model_id, reason=f"{part.stem} is larger than the Hub says")
                out.write(chunk)
                have += len(chunk)
                watch.done += len(chunk)
    return have


def _is(file: RemoteFile, path: Path) -> bool:
    """Whether the bytes at `path` are the file that the Hub lists."""
    if path.stat().st_size != file.bytes:
        return False
    if not file.sha256 and not file.git_sha1:
        return True
    digest: Any = hashlib.sha256() if file.sha256 else hashlib.sha1(b"blob %d\0" % file.bytes, usedforsecurity=False)
    with path.open("rb") as data:
        while chunk := data.read(_CHUNK):
            digest.update(chunk)
    return bool(digest.hexdigest() == (file.sha256 or file.git_sha1))
