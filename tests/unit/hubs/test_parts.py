"""The hubs' smaller parts: ids, folders on this machine, the collection, the watch, and the map of foreign errors."""

from __future__ import annotations

import errno
import inspect
import threading
import time
from pathlib import Path

import pytest
from huggingface_hub import errors as hub_errors
from huggingface_hub.utils import httpx

from ptm_demo.errors import BadModelId, DiskFull, HubTimeout, ModelNotFound, PtmError, RevisionNotFound
from ptm_demo.hubs import Hubs
from ptm_demo.hubs.base import is_hub_id
from ptm_demo.hubs.local import LocalHub
from ptm_demo.hubs.translate import tell, translated
from ptm_demo.hubs.watched import NoLife, Watch, watched
from ptm_demo.models import load_classifier
from ptm_demo.progress import Cancelled, CancelToken
from ptm_demo.settings import Settings
from tests import tiny

# --- ids and the collection ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model_id", ["gpt2", "org/name", "FacebookAI/xlm-roberta-base", "a/b.c_d-1", "hfl/chinese-roberta-wwm-ext"])
def test_ids_of_the_hub(model_id: str) -> None:
    assert is_hub_id(model_id)


def test_every_id_finds_its_hub(settings: Settings, tmp_path: Path) -> None:
    folder = tiny.build("bert", tmp_path)
    mine, strangers = Hubs(settings, allow_local=True), Hubs(settings, allow_local=False)
    assert mine.find("builtin:minilm").name == strangers.find("builtin:minilm").name == "builtin"
    assert mine.find("org/name").name == strangers.find("org/name").name == "huggingface"
    assert mine.find(str(folder)).name == "local"
    assert mine.pull(f"  {folder} ").path == folder
    for hidden in (str(folder), "~", "./x", "../x", "/etc", "C:\\models", "", "a b"):
        with pytest.raises(BadModelId):
            strangers.find(hidden)
    with pytest.raises(BadModelId):
        mine.pull("org/name", "../x")


def test_the_collection_lists_built_in_models_first(settings_with_models: Settings) -> None:
    listed = Hubs(settings_with_models, allow_local=True).installed()
    assert [info.id for info in listed][:3] == ["builtin:minilm", "builtin:e5-small", "builtin:smollm2"]
    assert Hubs(settings_with_models).info("builtin:minilm").parameters == 22_713_216


# --- folders on this machine -----------------------------------------------------------------------------------------


def test_a_folder_is_used_where_it_lies(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny.build("bert", tmp_path)
    hub = LocalHub(settings)
    pulled = hub.pull(str(folder))
    assert (pulled.path, pulled.model_id, pulled.source) == (folder, str(folder), "local")
    assert hub.pull(str(folder), pulled.revision) == pulled
    assert load_classifier(pulled, ["a", "b"]).model_id == str(folder)
    info = hub.info(str(folder))
    assert (info.model_type, info.revision) == ("bert", pulled.revision)
    assert info.bytes > 50_000
    monkeypatch.chdir(tmp_path)
    assert hub.owns("tiny-bert")  # as transformers does, a folder that is there goes before an id
    assert hub.pull("./tiny-bert") == pulled
    assert not hub.owns("tiny-roberta")
    assert hub.installed() == []
    with pytest.raises(BadModelId):
        hub.remove(str(folder))
    assert folder.is_dir()


def test_a_folder_that_changed_is_another_revision(settings: Settings, tmp_path: Path) -> None:
    folder = tiny.build("bert", tmp_path)
    hub = LocalHub(settings)
    revision = hub.pull(str(folder)).revision
    weights = folder / "model.safetensors"
    data = weights.read_bytes()
    weights.touch()
    assert hub.pull(str(folder)).revision == revision
    weights.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(RevisionNotFound):
        hub.pull(str(folder), revision)


@pytest.mark.parametrize("model_id", ["/nowhere/at/all", "./nothing", "~nobody-of-that-name/x", "/a\0b", "/" + "x" * 5000])
def test_no_folder(model_id: str, settings: Settings) -> None:
    hub = LocalHub(settings)
    assert hub.owns(model_id)
    with pytest.raises((ModelNotFound, BadModelId)):
        hub.pull(model_id)


# --- the watch -------------------------------------------------------------------------------------------------------


def test_a_call_that_ends_gives_its_value_or_its_error() -> None:
    assert watched(lambda _: 7, 1) == 7
    with pytest.raises(KeyError):
        watched(lambda _: {}["x"], 1)


def test_a_call_without_life_is_left_behind_and_knows_it() -> None:
    seen: list[Watch] = []
    began = time.monotonic()
    with pytest.raises(NoLife):
        watched(lambda watch: (seen.append(watch), time.sleep(1)), 0.2)
    assert time.monotonic() - began < 0.6
    assert seen[0].left
    with pytest.raises(Cancelled):
        seen[0].check()


def test_life_keeps_a_call_going_and_a_trickle_is_no_life() -> None:
    def beats(watch: Watch) -> str:
        for _ in range(8):
            time.sleep(0.1)
            watch.beats += 1
        return "done"

    def bytes_(watch: Watch, step: int) -> str:
        for _ in range(8):
            time.sleep(0.1)
            watch.done += step
        return "done"

    assert watched(beats, 0.4) == "done"
    assert watched(lambda watch: bytes_(watch, 100), 0.4, least_bytes=100) == "done"
    with pytest.raises(NoLife):
        watched(lambda watch: bytes_(watch, 1), 0.4, least_bytes=100)


def test_cancel_leaves_at_once() -> None:
    token = CancelToken()
    threading.Timer(0.1, token.cancel).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        watched(lambda watch: watch.wait(5), 5, cancel=token)
    assert time.monotonic() - began < 0.5


# --- foreign errors --------------------------------------------------------------------------------------------------

_NOT_OF_A_DOWNLOAD = {  # raised by parts of the client that the studio does not call
    name for name, value in vars(hub_errors).items()
    if inspect.isclass(value) and not issubclass(value, OSError | httpx.HTTPError | hub_errors.HFValidationError | hub_errors.HfUriError)
}  # fmt: skip
HUB_ERRORS = [value for name, value in vars(hub_errors).items()
              if inspect.isclass(value) and issubclass(value, Exception) and value.__module__ == hub_errors.__name__
              and name not in _NOT_OF_A_DOWNLOAD]  # fmt: skip
HTTP_ERRORS = [value for _, value in inspect.getmembers(httpx, inspect.isclass)
               if issubclass(value, Exception) and not issubclass(value, Warning)]  # fmt: skip


@pytest.mark.parametrize("kind", [*HUB_ERRORS, *HTTP_ERRORS, ConnectionResetError, BrokenPipeError], ids=lambda kind: kind.__name__)
def test_every_error_of_the_client_becomes_one_sentence(kind: type[Exception]) -> None:
    error = kind.__new__(kind)
    if not hasattr(error, "response"):
        error.response = None  # type: ignore[attr-defined]
    with pytest.raises(PtmError) as caught, translated("org/name", 10, "main"):
        raise error
    assert type(caught.value) is not PtmError
    assert "org/name" in caught.value.text
    assert caught.value.__cause__ is error


def test_there_are_errors_to_map() -> None:
    assert len(HUB_ERRORS) > 10
    assert {"ConnectTimeout", "ReadError", "RemoteProtocolError", "HTTPStatusError", "InvalidURL"} <= {
        kind.__name__ for kind in HTTP_ERRORS
    }


def test_disk_time_and_our_own_mistakes() -> None:
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        with pytest.raises(DiskFull, match="org/name"), translated("org/name", 10):
            raise OSError(number, "no")
    with pytest.raises(HubTimeout, match="14 s"), translated("org/name", 10):
        raise NoLife(14)
    for ours in (Cancelled(), ZeroDivisionError(), PermissionError(errno.EACCES, "no")):
        with pytest.raises(type(ours)), translated("org/name", 10):
            raise ours
    assert tell(ModelNotFound(model_id="x"), "org/name", 1) is None
