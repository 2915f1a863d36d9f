"""The Hugging Face Hub: models by "org/name", pulled at a commit into a folder of ours, every wait with a deadline.

Only the files that loading needs are pulled, and only after the list of files and config.json were found safe. No token is
sent unless one is given. Knows nothing of how models are loaded.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from ptm_demo.errors import BadModelId, GatedModel, HubOffline, HubUnreadable, ModelNotFound
from ptm_demo.hubs import trust
from ptm_demo.hubs.base import COMMIT, PulledModel, check_revision, folder_bytes, is_hub_id
from ptm_demo.hubs.download import RemoteFile, download
from ptm_demo.hubs.shelf import Manifest, check_room, discard, intact, locked, publish, read_manifest, record_files
from ptm_demo.hubs.translate import translated
from ptm_demo.hubs.watched import Watch, watched
from ptm_demo.progress import CancelToken, Progress, ProgressFn, ignore
from ptm_demo.results import ModelInfo
from ptm_demo.settings import Settings

_LONGEST = 14.0  # seconds that a reader waits for a Hub that says nothing; 15 are promised
_LEAST_BYTES = 16 << 10  # in that time; a download slower than 1 KB/s counts as silent
_E5 = ("multilingual-e5-", "e5-small", "e5-base", "e5-large")


@dataclass(frozen=True, slots=True)
class Described:
    """What the Hub says of one model at one commit."""

    model_id: str
    commit: str
    files: Mapping[str, RemoteFile]
    gated: bool
    facts: Mapping[str, Any]


class HuggingFaceHub:
    """Models of the Hub at `settings.hub_endpoint`, kept in `settings.models_dir`/huggingface/<org>--<name>/<commit>/.

    Args:
        token: sent with every request when given; never taken from the machine's own log-in.
    """

    name: ClassVar[str] = "huggingface"
    order: ClassVar[int] = 20
    needs_local: ClassVar[bool] = False

    def __init__(self, settings: Settings, *, token: str = "") -> None:
        self._settings = settings
        self._token: str | bool = token or False
        self._shelf = settings.models_dir / self.name
        self._deadline = min(_LONGEST, 1.5 * settings.hub_timeout)

    def owns(self, model_id: str) -> bool:
        return is_hub_id(model_id)

    def info(self, model_id: str, revision: str = "") -> ModelInfo:
        """What the Hub says; of a model that is here, what was noted when it was pulled.

        Raises:
            ModelNotFound, RevisionNotFound: the Hub has none.
            HubError: the Hub cannot be asked, or does not answer in time.
        """
        here = self._here(model_id, revision)
        if here is not None:
            return here[1].to_info(here[0])
        said = self._describe(model_id, revision)
        return ModelInfo(said.model_id, self.name, revision=said.commit, gated=said.gated, **said.facts)

    def pull(self, model_id: str, revision: str = "", progress: ProgressFn = ignore, cancel: CancelToken | None = None) -> PulledModel:
        """The model's folder, downloaded if it is not here. Without a revision, one that is here is good enough.

        A stop is obeyed within a fraction of a second. What had arrived is kept, and the next call goes on from there.

        Raises:
            ModelNotFound, RevisionNotFound, GatedModel: the Hub does not give it.
            ModelRefused, ModelBroken: it is not safe, not complete, or arrived damaged.
            HubError: the Hub cannot be asked, or does not answer in time.
            DiskFull: it does not fit.
            Cancelled: somebody said stop.
        """
        here = self._here(model_id, revision)
        if here is None:
            said = self._describe(model_id, revision, cancel)
            here = self._here(model_id, said.commit) or self._bring(said, progress, cancel)
        folder, manifest = here
        return PulledModel(model_id, manifest.revision, folder, self.name, _prefix(model_id))

    def installed(self) -> list[ModelInfo]:
        """Models that are here, whole; sorted by id."""
        folders = [path.parent for path in self._shelf.glob("*/*/ptm-manifest.json") if COMMIT.fullmatch(path.parent.name)]
        found = [(manifest, folder) for folder in folders if (manifest := read_manifest(folder)) is not None]
        return [manifest.to_info(folder) for manifest, folder in sorted(found, key=lambda pair: pair[0].model_id.lower())]

    def remove(self, model_id: str) -> int:
        """Delete every commit of the model that is here, and unfinished downloads; bytes freed.

        Raises:
            ModelNotFound: nothing of it is here.
        """
        folder = self._folder(model_id)
        if not folder.is_dir():
            raise ModelNotFound(model_id=model_id)
        with locked(folder):
            freed = folder_bytes(folder)
            discard(folder)
        return freed

    def _folder(self, model_id: str) -> Path:
        if not is_hub_id(model_id):
            raise BadModelId(model_id=model_id[:200])
        return self._shelf / model_id.replace("/", "--")

    def _here(self, model_id: str, revision: str) -> tuple[Path, Manifest] | None:
        """The folder of that commit, or of the one pulled last when none is asked for, with its files found intact."""
        folder = self._folder(model_id)
        names = [revision] if COMMIT.fullmatch(revision) else [] if revision or not folder.is_dir() else _newest(folder)
        for name in names:
            manifest = read_manifest(folder / name)
            if manifest is not None and manifest.model_id == model_id and intact(folder / name, manifest):
                return folder / name, manifest
        return None

    def _describe(self, model_id: str, revision: str, cancel: CancelToken | None = None) -> Described:
        check_revision(model_id, revision)
        if self._settings.offline:
            raise HubOffline(model_id=model_id)

        def ask(_: Watch) -> Any:
            from huggingface_hub import HfApi

            api = HfApi(endpoint=self._settings.hub_endpoint, token=self._token)
            return api.model_info(model_id, revision=revision or None, timeout=self._settings.hub_timeout, files_metadata=True)

        with translated(model_id, self._settings.hub_timeout, revision):
            try:
                said = watched(ask, self._deadline, cancel=cancel)
            except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
                raise HubUnreadable(model_id=model_id) from error
        return _described(model_id, said)

    def _bring(self, said: Described, progress: ProgressFn, cancel: CancelToken | None) -> tuple[Path, Manifest]:
        if said.gated and not self._token:
            raise GatedModel(model_id=said.model_id)
        names = trust.needed_files(said.model_id, said.files)
        folder = self._folder(said.model_id)
        with locked(folder, cancel):
            here = self._here(said.model_id, said.commit)
            if here is not None:  # another process brought it while this one waited
                return here
            work = folder / f".part-{said.commit}"
            work.mkdir(parents=True, exist_ok=True)
            total = sum(said.files[name].bytes for name in names)
            check_room(work, total - folder_bytes(work), said.model_id)
            with translated(said.model_id, self._settings.hub_timeout):
                watched(self._fetch(said, names, work), self._deadline, cancel=cancel, least_bytes=_LEAST_BYTES,
                        look=_reporter(progress, said.model_id, total))  # fmt: skip
                manifest = Manifest(said.model_id, said.commit, self.name, made_from={"endpoint": self._settings.hub_endpoint},
                                    facts=said.facts)  # fmt: skip
                manifest = record_files(work, manifest)
                publish(work, folder / said.commit, manifest)
        return folder / said.commit, manifest

    def _fetch(self, said: Described, names: list[str], work: Path) -> Callable[[Watch], None]:
        """The call that downloads the files in order, each JSON looked at before anything after it is asked for."""

        def fetch(watch: Watch) -> None:
            from huggingface_hub import hf_hub_url
            from huggingface_hub.utils import build_hf_headers

            headers = build_hf_headers(token=self._token)
            for name in names:
                url = hf_hub_url(said.model_id, name, revision=said.commit, endpoint=self._settings.hub_endpoint)
                download(said.files[name], url, work, said.model_id, headers=headers, timeout=self._settings.hub_timeout, watch=watch)
                _look_at(work / name, name, said.model_id)

        return fetch


def _described(model_id: str, said: Any) -> Described:
    """The Hub's answer in our words; whatever it holds was written by strangers."""
    commit = said.sha or ""
    if not COMMIT.fullmatch(commit):
        raise HubUnreadable(model_id=model_id)
    files = {}
    for entry in said.siblings or []:
        lfs = entry.lfs
        size = lfs.size if lfs is not None else entry.size
        if not isinstance(entry.rfilename, str) or not isinstance(size, int) or size < 0:
            raise HubUnreadable(model_id=model_id)
        sha256 = lfs.sha256 if lfs is not None else ""
        files[entry.rfilename] = RemoteFile(entry.rfilename, size, sha256, "" if sha256 else (entry.blob_id or ""))
    return Described(model_id, commit, files, bool(said.gated), _facts(said))


def _facts(said: Any) -> dict[str, Any]:
    card: Mapping[str, Any] = said.card_data.to_dict() if said.card_data is not None else {}
    tags = [tag for tag in said.tags or [] if isinstance(tag, str)]
    license_ = card.get("license") or next((tag.removeprefix("license:") for tag in tags if tag.startswith("license:")), "")
    languages = card.get("language") or []
    config = said.config if isinstance(said.config, dict) else {}
    return {
        "parameters": said.safetensors.total if said.safetensors is not None else None,
        "task": str(said.pipeline_tag or "")[:80],
        "license": str(license_)[:80],
        "languages": tuple(str(language)[:20] for language in ([languages] if isinstance(languages, str) else languages)[:200]),
        "model_type": str(config.get("model_type") or "")[:80],
    }


def _look_at(path: Path, name: str, model_id: str) -> None:
    if name in {trust.CONFIG, trust.TOKENIZER_CONFIG}:
        data = trust.read_json(model_id, name, path.read_bytes())
        (trust.check_config if name == trust.CONFIG else trust.check_tokenizer_config)(model_id, data)


def _newest(folder: Path) -> list[str]:
    kept = [path for path in folder.iterdir() if COMMIT.fullmatch(path.name)]
    return [path.name for path in sorted(kept, key=lambda path: path.stat().st_mtime, reverse=True)]


def _reporter(progress: ProgressFn, model_id: str, total: int) -> Callable[[Watch], None]:
    """Tells the bytes that are here, at most five times a second and once at the end."""
    last = [-1, 0.0]

    def look(watch: Watch) -> None:
        done, now = min(watch.done, total), time.monotonic()
        if done != last[0] and (now - last[1] >= 0.2 or done == total):
            last[:] = [done, now]
            progress(Progress("pull", done, total, "bytes", {"model_id": model_id}))

    return look


def _prefix(model_id: str) -> str:
    """The E5 models of intfloat were trained with "query: " before every text (Wang et al. 2022, arXiv 2212.03533)."""
    organisation, _, name = model_id.lower().partition("/")
    return "query: " if organisation == "intfloat" and name.startswith(_E5) else ""


HUB = HuggingFaceHub
