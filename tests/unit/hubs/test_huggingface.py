"""The Hub, spoken to by the real client over loopback: what is pulled, what is not, and how every failure ends."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ptm_demo.errors import (
    BadModelId,
    DiskFull,
    GatedModel,
    HubOffline,
    HubRefused,
    HubTimeout,
    HubUnreachable,
    HubUnreadable,
    ModelBroken,
    ModelNotFound,
    ModelRefused,
    PtmError,
    RevisionNotFound,
)
from ptm_demo.hubs.huggingface import HuggingFaceHub
from ptm_demo.models import load_classifier
from ptm_demo.progress import Cancelled, CancelToken, Progress
from ptm_demo.settings import Settings
from tests import tiny
from tests.hubserver import Fault, HubServer, repo_of
from tests.hubserver.server import free_port

ID = "org/tiny-bert"
TIMEOUT = 1.0  # seconds for one request, so 1.5 s for a hub that says nothing


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.build("bert", tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def server(folder: Path) -> Iterator[HubServer]:
    extra = {
        "pytorch_model.bin": b"never " * 5000,
        "model.onnx": b"never " * 5000,
        "onnx/model.onnx": b"never",
        "README.md": b"# card",
        "modeling_tiny.py": b"raise SystemExit",
        "1_Pooling/config.json": b'{"pooling_mode_mean_tokens": true}',
    }
    with HubServer({ID: repo_of(folder, extra)}) as hub:
        yield hub


def hub_at(home: Path, url: str, **changes: object) -> HuggingFaceHub:
    token = str(changes.pop("token", ""))
    return HuggingFaceHub(Settings(home=home, hub_endpoint=url, hub_timeout=TIMEOUT, **changes), token=token)  # type: ignore[arg-type]


def test_pulls_only_what_loading_needs_and_loads(server: HubServer, folder: Path, tmp_path: Path) -> None:
    hub = hub_at(tmp_path, server.url)
    told: list[Progress] = []
    pulled = hub.pull(ID, progress=told.append)
    assert pulled.path == tmp_path / "models" / "huggingface" / "org--tiny-bert" / server.repos[ID].commit
    assert (pulled.model_id, pulled.revision, pulled.source) == (ID, server.repos[ID].commit, "huggingface")
    names = {path.relative_to(pulled.path).as_posix() for path in pulled.path.rglob("*") if path.is_file()}
    assert names == {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "1_Pooling/config.json",
                     "ptm-manifest.json"}  # fmt: skip
    assert all((pulled.path / path.name).read_bytes() == path.read_bytes() for path in folder.iterdir())
    assert not any("never" in asked or ".bin" in asked or ".py" in asked or "onnx" in asked for asked in server.requests)
    assert load_classifier(pulled, ["a", "b"]).labels == ("a", "b")
    total = sum((pulled.path / name).stat().st_size for name in names - {"ptm-manifest.json"})
    assert told[-1].done == told[-1].total == total
    assert told[-1].unit == "bytes"
    assert [p.done for p in told] == sorted(p.done for p in told)
    assert server.tokens == []


def test_the_second_pull_asks_nothing(server: HubServer, tmp_path: Path) -> None:
    hub = hub_at(tmp_path, server.url)
    first = hub.pull(ID)
    server.requests.clear()
    assert hub.pull(ID) == first
    assert hub.pull(ID, first.revision) == first
    assert server.requests == []
    assert hub_at(tmp_path, server.url, offline=True).pull(ID) == first
    assert hub.pull(ID, "main") == first  # a branch is looked up; its files are here
    assert len(server.requests) == 1


def test_info_before_and_after(server: HubServer, tmp_path: Path) -> None:
    hub = hub_at(tmp_path, server.url)
    before = hub.info(ID)
    assert (before.id, before.source, before.path, before.bytes) == (ID, "huggingface", "", 0)
    assert (before.license, before.languages, before.task, before.model_type) == ("apache-2.0", ("en",), "fill-mask", "bert")
    assert before.revision == server.repos[ID].commit
    pulled = hub.pull(ID)
    after = hub.info(ID)
    assert after.path == str(pulled.path)
    assert after.bytes > 50_000
    assert hub.installed() == [after]
    assert hub.remove(ID) >= after.bytes
    assert hub.installed() == []
    assert not pulled.path.exists()
    with pytest.raises(ModelNotFound):
        hub.remove(ID)


def test_a_token_is_sent_only_when_given(server: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_of_the_machine")
    server.repos[ID].gated = "auto"
    with pytest.raises(GatedModel, match=ID):
        hub_at(tmp_path, server.url).pull(ID)
    assert server.tokens == []
    hub_at(tmp_path, server.url, token="hf_given").pull(ID)
    assert set(server.tokens) == {"Bearer hf_given"}


FAULTS = [
    (Fault("silent"), HubTimeout),
    (Fault("silent", match="/resolve/"), HubTimeout),
    (Fault("silent", match="model.safetensors"), HubTimeout),
    (Fault("trickle"), HubTimeout),
    (Fault("trickle", match="model.safetensors"), HubTimeout),
    (Fault("status", status=429, headers={"Retry-After": "120"}), HubRefused),
    (Fault("status", status=429, match="/resolve/"), HubRefused),
    (Fault("status", status=500), HubRefused),
    (Fault("status", status=503, match="model.safetensors"), HubRefused),
    (Fault("status", status=401), ModelNotFound),
    (Fault("status", status=404), ModelNotFound),
    (Fault("status", status=403), HubRefused),
    (Fault("status", status=401, match="/resolve/", headers={"X-Error-Code": "GatedRepo"}), GatedModel),
    (Fault("status", status=403, match="/resolve/", headers={"X-Error-Code": "GatedRepo"}), GatedModel),
    (Fault("garbage"), HubUnreadable),
    (Fault("corrupt", match="model.safetensors"), ModelBroken),
    (Fault("corrupt", match="config.json"), ModelBroken),
    (Fault("cut", match="config.json"), HubUnreachable),
]


@pytest.mark.parametrize(
    ("fault", "error"), FAULTS, ids=lambda value: f"{value.kind}-{value.status}-{value.match}" if isinstance(value, Fault) else ""
)
def test_every_fault_ends_soon_in_one_sentence(fault: Fault, error: type[PtmError], server: HubServer, tmp_path: Path) -> None:
    server.fault = fault
    if fault.kind == "cut":
        server.takes_ranges = False  # each attempt begins anew and is cut again
    began = time.monotonic()
    with pytest.raises(error, match=ID) as caught:
        hub_at(tmp_path, server.url).pull(ID)
    assert time.monotonic() - began < 6
    assert caught.value.hint_text
    assert not list((tmp_path / "models").glob("huggingface/*/[0-9a-f]*"))
    if fault.kind == "status" and error is HubRefused:
        assert str(fault.status) in caught.value.text


def test_well_again_after_a_fault_it_goes_on_where_it_was(server: HubServer, tmp_path: Path) -> None:
    hub = hub_at(tmp_path, server.url)
    server.fault = Fault("status", match="model.safetensors", status=500)
    with pytest.raises(HubRefused):
        hub.pull(ID)
    server.fault = None
    server.requests.clear()
    hub.pull(ID)
    assert [asked for asked in server.requests if "/resolve/" in asked] == [
        f"GET /{ID}/resolve/{server.repos[ID].commit}/model.safetensors"
    ]


def test_a_cut_file_is_gone_on_with(server: HubServer, tmp_path: Path) -> None:
    server.fault = Fault("cut", match="model.safetensors", times=3)
    pulled = hub_at(tmp_path, server.url).pull(ID)
    assert (pulled.path / "model.safetensors").read_bytes() == server.repos[ID].files["model.safetensors"]
    assert len(server.ranges) == 3


def test_a_cut_file_is_begun_anew_where_ranges_are_not_known(server: HubServer, tmp_path: Path) -> None:
    server.takes_ranges = False
    server.fault = Fault("cut", match="model.safetensors", times=2)
    told: list[Progress] = []
    pulled = hub_at(tmp_path, server.url).pull(ID, progress=told.append)
    assert (pulled.path / "model.safetensors").read_bytes() == server.repos[ID].files["model.safetensors"]
    assert told[-1].done == told[-1].total


def test_cancel_is_obeyed_and_what_came_is_kept(server: HubServer, tmp_path: Path) -> None:
    server.fault = Fault("slow", match="model.safetensors")
    hub, token = hub_at(tmp_path, server.url), CancelToken()
    threading.Timer(0.6, token.cancel).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        hub.pull(ID, cancel=token)
    assert time.monotonic() - began < 2
    (part,) = (tmp_path / "models").rglob("model.safetensors.part")
    size = part.stat().st_size
    assert 0 < size < len(server.repos[ID].files["model.safetensors"])
    time.sleep(0.3)
    assert part.stat().st_size == size  # nobody writes any more
    server.fault = None
    pulled = hub.pull(ID)
    assert server.ranges == [f"bytes={size}-"]
    assert (pulled.path / "model.safetensors").read_bytes() == server.repos[ID].files["model.safetensors"]


def test_cancel_while_the_hub_says_nothing(server: HubServer, tmp_path: Path) -> None:
    server.fault = Fault("silent")
    token = CancelToken()
    threading.Timer(0.2, token.cancel).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        hub_at(tmp_path, server.url).pull(ID, cancel=token)
    assert time.monotonic() - began < 1


def test_nobody_there(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(HubUnreachable, match=ID):
        hub_at(tmp_path, f"http://127.0.0.1:{free_port()}").pull(ID)
    assert time.monotonic() - began < 6


def test_offline(server: HubServer, tmp_path: Path) -> None:
    hub = hub_at(tmp_path, server.url, offline=True)
    for ask in (hub.info, hub.pull):
        with pytest.raises(HubOffline, match="offline"):
            ask(ID)
    assert server.requests == []


def test_unknown_models_and_revisions(server: HubServer, tmp_path: Path) -> None:
    hub = hub_at(tmp_path, server.url)
    with pytest.raises(ModelNotFound, match="org/nothing"):
        hub.pull("org/nothing")
    with pytest.raises(RevisionNotFound, match="v9"):
        hub.pull(ID, "v9")
    with pytest.raises(RevisionNotFound):
        hub.pull(ID, "0" * 40)
    server.repos[ID].private = True
    with pytest.raises(ModelNotFound):
        hub.info(ID)
    server.repos[ID].private, server.repos[ID].disabled = False, True
    with pytest.raises(HubRefused, match="403"):
        hub.info(ID)


@pytest.mark.parametrize(
    "model_id", ["../../etc/passwd", "a/b/c", "org/..", "a--b/c", "org/na me", "-x/y", "org/ü", "", ".", "org/name\n", "x" * 200]
)
def test_bad_ids_never_reach_the_network(model_id: str, server: HubServer, tmp_path: Path) -> None:
    hub = hub_at(tmp_path, server.url)
    assert not hub.owns(model_id)
    for ask in (hub.info, hub.pull, hub.remove):
        with pytest.raises(BadModelId):
            ask(model_id)
    assert server.requests == []


@pytest.mark.parametrize("revision", ["../main", "a b", "-x", "main\n", "ü"])
def test_bad_revisions_never_reach_the_network(revision: str, server: HubServer, tmp_path: Path) -> None:
    with pytest.raises(BadModelId):
        hub_at(tmp_path, server.url).pull(ID, revision)
    assert server.requests == []


def _without(server: HubServer, *names: str) -> dict[str, bytes]:
    return {name: data for name, data in server.repos[ID].files.items() if name not in names}


def test_unsafe_models_are_refused_before_their_weights(server: HubServer, tmp_path: Path) -> None:
    config = json.loads(server.repos[ID].files["config.json"])
    tokenizer_config = json.loads(server.repos[ID].files["tokenizer_config.json"])
    changes = {
        "pickled": _without(server, "model.safetensors"),
        "adapter": {**server.repos[ID].files, "adapter_config.json": b'{"base_model_name_or_path": "evil/base"}'},
        "auto-map": {**server.repos[ID].files, "config.json": json.dumps({**config, "auto_map": {"AutoModel": "x.Y"}}).encode()},
        "kernel": {**server.repos[ID].files, "config.json": json.dumps({**config, "_attn_implementation": "evil/kernel"}).encode()},
        "unknown": {**server.repos[ID].files, "config.json": json.dumps({**config, "model_type": "brand-new"}).encode()},
        "tokenizer": {**server.repos[ID].files,
                      "tokenizer_config.json": json.dumps({**tokenizer_config, "auto_map": {"AutoTokenizer": ["x.Y", None]}}).encode()},
        "traversal": {**server.repos[ID].files, "../../evil.json": b"{}"},
    }  # fmt: skip
    hub = hub_at(tmp_path, server.url)
    for name, files in changes.items():
        server.repos[f"org/{name}"] = repo_of(Path("/nonexistent"), files)
        server.requests.clear()
        with pytest.raises(ModelRefused, match=f"org/{name}"):
            hub.pull(f"org/{name}")
        assert not any("model.safetensors" in asked or ".bin" in asked for asked in server.requests), name
    for name, files in {"no-config": _without(server, "config.json"), "no-tokenizer": _without(server, "tokenizer.json")}.items():
        server.repos[f"org/{name}"] = repo_of(Path("/nonexistent"), files)
        with pytest.raises(ModelBroken):
            hub.pull(f"org/{name}")
    assert not (tmp_path / "evil.json").exists()
    assert hub.installed() == []


def test_a_full_disk_is_told_before_the_first_byte(server: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("ptm_demo.hubs.shelf.shutil.disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(DiskFull, match=ID):
        hub_at(tmp_path, server.url).pull(ID)
    assert not any("/resolve/" in asked for asked in server.requests)


def test_a_changed_file_is_noticed_and_pulled_again(server: HubServer, tmp_path: Path) -> None:
    hub = hub_at(tmp_path, server.url)
    weights = hub.pull(ID).path / "model.safetensors"
    good = weights.read_bytes()
    weights.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    with pytest.raises(HubOffline):  # damaged: it is not here any more
        hub_at(tmp_path, server.url, offline=True).pull(ID)
    assert (hub.pull(ID).path / "model.safetensors").read_bytes() == good


def test_two_at_once_pull_once(server: HubServer, tmp_path: Path) -> None:
    found = []
    threads = [threading.Thread(target=lambda: found.append(hub_at(tmp_path, server.url).pull(ID))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert len(set(found)) == 1
    assert sum("model.safetensors" in asked for asked in server.requests) == 1


def test_the_prefix_of_the_e5_family(server: HubServer, tmp_path: Path) -> None:
    hub = hub_at(tmp_path, server.url)
    for model_id, prefix in {"intfloat/multilingual-e5-base": "query: ", "intfloat/e5-mistral-7b": "", "other/e5-small": ""}.items():
        server.repos[model_id] = server.repos[ID]
        assert hub.pull(model_id).text_prefix == prefix
