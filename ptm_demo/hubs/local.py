"""A folder on this machine as a model, for the command line and Python, where the asker owns the machine. Never for the page.

The folder is used where it lies: nothing is copied, changed or deleted.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import ClassVar

from ptm_demo.errors import BadModelId, ModelNotFound, RevisionNotFound
from ptm_demo.hubs import trust
from ptm_demo.hubs.base import PulledModel, folder_bytes
from ptm_demo.progress import CancelToken, ProgressFn, ignore
from ptm_demo.results import ModelInfo
from ptm_demo.settings import Settings

_READ_WHOLE = 1 << 20
_SAMPLES, _SAMPLE = 64, 16 << 10


class LocalHub:
    """Folders. An id is one when it is a path by its form ("/x", "./x", "../x", "~/x"), or when such a folder holds a model."""

    name: ClassVar[str] = "local"
    order: ClassVar[int] = 10
    needs_local: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def owns(self, model_id: str) -> bool:
        if model_id.startswith(("/", "./", "../", "~", ".\\", "..\\")) or (
            len(model_id) > 2 and model_id[1] == ":" and model_id[2] in "\\/"
        ):
            return True
        try:
            return (Path(model_id) / trust.CONFIG).is_file()
        except (OSError, ValueError):  # longer than a path may be, or with a NUL in it
            return False

    def info(self, model_id: str, revision: str = "") -> ModelInfo:
        """What config.json and the files' sizes say.

        Raises:
            ModelNotFound: there is no such folder.
            ModelBroken: its config.json cannot be read.
        """
        folder = self._folder(model_id)
        config = trust.read_json(model_id, trust.CONFIG, (folder / trust.CONFIG).read_bytes())
        return ModelInfo(
            str(folder), self.name, str(folder), folder_bytes(folder), _revision(folder), model_type=str(config.get("model_type", ""))
        )

    def pull(self, model_id: str, revision: str = "", progress: ProgressFn = ignore, cancel: CancelToken | None = None) -> PulledModel:
        """The folder itself.

        Raises:
            ModelNotFound: there is no such folder.
            RevisionNotFound: the folder's files are not those of that revision any more.
        """
        folder = self._folder(model_id)
        here = _revision(folder)
        if revision not in {"", here}:
            raise RevisionNotFound(model_id=model_id, revision=revision)
        return PulledModel(str(folder), here, folder, self.name)

    def installed(self) -> list[ModelInfo]:
        """None: the studio does not look through the machine's folders."""
        return []

    def remove(self, model_id: str) -> int:
        """Never: the folder is not the studio's.

        Raises:
            BadModelId: always.
        """
        raise BadModelId(model_id=model_id)

    def _folder(self, model_id: str) -> Path:
        try:
            folder = Path(model_id).expanduser().resolve()
            if (folder / trust.CONFIG).is_file():
                return folder
        except (OSError, ValueError, RuntimeError) as error:
            raise BadModelId(model_id=model_id[:200]) from error
        raise ModelNotFound(model_id=model_id)


def _revision(folder: Path) -> str:
    """A hash that names the folder's content: all bytes of small files; of large ones the size and samples, first and last
    bytes among them. It tells one model from another at once; it is no seal against somebody who forges."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in {".json", ".txt", ".safetensors", ".model", ".jinja"} and path.is_file():
            size = path.stat().st_size
            digest.update(f"{path.name} {size} ".encode())
            with path.open("rb") as file:
                if size <= _READ_WHOLE:
                    digest.update(file.read())
                    continue
                for number in range(_SAMPLES):
                    file.seek((size - _SAMPLE) * number // (_SAMPLES - 1))
                    digest.update(file.read(_SAMPLE))
    return digest.hexdigest()


HUB = LocalHub
