"""What a hub is: something that gives a model's folder for its id. Knows no particular hub, no network and no ML library."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from ptm_demo.errors import BadModelId
from ptm_demo.progress import CancelToken, ProgressFn, ignore
from ptm_demo.results import ModelInfo
from ptm_demo.settings import Settings

# "name" or "org/name" as the Hub writes them: ASCII, no leading dot or dash, no "--" or "..".
# So an id cannot lead out of its folder either.
_HUB_ID = re.compile(r"(?!.*(?:--|\.\.))[A-Za-z0-9_][A-Za-z0-9._-]{0,95}(?:/[A-Za-z0-9_][A-Za-z0-9._-]{0,95})?")
_REVISION = re.compile(r"(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9._/-]{0,254}")
COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class PulledModel:
    """A model that lies on this machine, ready to be loaded.

    Attributes:
        model_id: the id it was asked for by, such as "builtin:minilm".
        revision: commit or SHA-256 of the weights that pins it; asking for it again gives the same weights.
        path: a folder with config.json, a tokenizer and safetensors weights. Nothing writes into it.
        source: name of the hub that gave it.
        text_prefix: what every text begins with for this model ("query: " for the E5 family).
    """

    model_id: str
    revision: str
    path: Path
    source: str
    text_prefix: str = ""


class Hub(Protocol):
    """One place that models come from. A new hub is one module of this package that exports its class as `HUB`.

    Attributes:
        name: what `ModelInfo.source` says.
        order: hubs are asked in this order whether an id is theirs.
        needs_local: it reads folders that the asker names, so it is left out where strangers ask.
    """

    name: ClassVar[str]
    order: ClassVar[int]
    needs_local: ClassVar[bool]

    def __init__(self, settings: Settings) -> None: ...

    def owns(self, model_id: str) -> bool:
        """Whether the id has this hub's form (not whether the model exists)."""
        ...

    def info(self, model_id: str, revision: str = "") -> ModelInfo:
        """What is known of the model without pulling it."""
        ...

    def pull(self, model_id: str, revision: str = "", progress: ProgressFn = ignore, cancel: CancelToken | None = None) -> PulledModel:
        """Bring the model here, or find it here. A revision of "" means the one that is here, else the newest."""
        ...

    def installed(self) -> list[ModelInfo]:
        """Models that `pull` gives without a network."""
        ...

    def remove(self, model_id: str) -> int:
        """Delete what is kept of the model; bytes freed."""
        ...


def is_hub_id(model_id: str) -> bool:
    """Whether this could be a model's id on the Hub ("name" or "org/name")."""
    return len(model_id) <= 96 and _HUB_ID.fullmatch(model_id) is not None and not model_id.endswith((".git", ".", "-"))


def check_revision(model_id: str, revision: str) -> str:
    """The revision, if it could be one.

    Raises:
        BadModelId: it holds characters that no branch, tag or commit has.
    """
    if revision and not _REVISION.fullmatch(revision):
        raise BadModelId(model_id=f"{model_id}@{revision}")
    return revision


def folder_bytes(folder: Path) -> int:
    """Size of all files below the folder, links not followed."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() or path.is_symlink()) if folder.is_dir() else 0
