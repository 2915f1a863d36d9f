"""Folders made to run code, read other files or exhaust memory: each is refused, nothing is executed, nothing is written."""

from __future__ import annotations

import json
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from ptm_demo.errors import ModelBroken, ModelRefused, PtmError
from ptm_demo.hubs import PulledModel
from ptm_demo.models import apply_lora, check_folder, load_adapter, load_classifier, load_encoder, safe_config, save_adapter
from tests import tiny

CANARY = "canary-was-here"
CODE = f"import pathlib\npathlib.Path(__file__).with_name('{CANARY}').touch()\npathlib.Path('{CANARY}').touch()\n"


class Bomb:
    """Touches the canary when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return (Path.touch, (self.path,))


def code(folder: Path) -> None:
    (folder / "modeling_evil.py").write_text(CODE)


def auto_map(folder: Path) -> None:
    code(folder)
    tiny.edit_json(folder / "config.json", auto_map={"AutoConfig": "modeling_evil.C", "AutoModel": "modeling_evil.M",
                                                     "AutoModelForSequenceClassification": "modeling_evil.M"})  # fmt: skip


def auto_map_of_an_unknown_type(folder: Path) -> None:
    auto_map(folder)
    tiny.edit_json(folder / "config.json", model_type="evil")


def tokenizer_auto_map(folder: Path) -> None:
    code(folder)
    tiny.edit_json(folder / "tokenizer_config.json", tokenizer_class="Evil", auto_map={"AutoTokenizer": ["modeling_evil.T", None]})


def kernel_attention(folder: Path) -> None:
    tiny.edit_json(folder / "config.json", _attn_implementation="evil/kernels:attention")


def kernel_attention_inside(folder: Path) -> None:
    tiny.edit_json(folder / "config.json", sub={"attn_implementation_internal": {"text": "evil/kernels"}})


def pickle_only(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Bomb(folder / CANARY)))


def pickle_named_safetensors(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(pickle.dumps(Bomb(folder / CANARY)))


def pickle_through_the_index(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-00001-of-00001.safetensors")
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Bomb(folder / CANARY)))
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "pytorch_model.bin"}}))


def index_out_of_the_folder(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-00001-of-00001.safetensors")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "../../../etc/passwd"}}))


def adapter_that_redirects(folder: Path) -> None:
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "base_model_name_or_path": "evil/base"}))


def link_to_a_file_outside(folder: Path) -> None:
    secret = folder.parent / "secret.json"
    (folder / "tokenizer.json").rename(secret)
    (folder / "tokenizer.json").symlink_to(secret)


def weights_linked_outside(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder.parent / "elsewhere.safetensors")
    (folder / "model.safetensors").symlink_to(folder.parent / "elsewhere.safetensors")


def tokenizer_reads_another_file(folder: Path) -> None:
    tiny.edit_json(folder / "tokenizer_config.json", vocab_file="/etc/passwd")


def quantised_for_another_machine(folder: Path) -> None:
    tiny.edit_json(folder / "config.json", quantization_config={"quant_method": "awq"})


def header(folder: Path, declared: object, data: bytes = b"") -> None:
    text = declared if isinstance(declared, bytes) else json.dumps(declared).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)


def huge_header(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", 1 << 62) + b"{}")


def huge_tensor(folder: Path) -> None:
    header(folder, {"a": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}})


def shape_that_is_not_its_bytes(folder: Path) -> None:
    header(folder, {"a": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 4]}}, b"1234")


def overlapping_tensors(folder: Path) -> None:
    entry = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    header(folder, {"a": entry, "b": entry}, b"1234")


def negative_offsets(folder: Path) -> None:
    header(folder, {"a": {"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]}})


def deep_header(folder: Path) -> None:
    header(folder, b"[" * 200_000)


def cut_off_weights(folder: Path) -> None:
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[:-100])


def empty_weights(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"")


def config_that_is_no_json(folder: Path) -> None:
    (folder / "config.json").write_text("model_type: bert")


def config_that_is_a_list(folder: Path) -> None:
    (folder / "config.json").write_text("[]")


def deep_config(folder: Path) -> None:
    (folder / "config.json").write_text('{"a":' * 100_000)


def huge_config(folder: Path) -> None:
    (folder / "config.json").write_bytes(b" " * (5 << 20))


def unknown_type(folder: Path) -> None:
    tiny.edit_json(folder / "config.json", model_type="brand-new")


def no_type(folder: Path) -> None:
    tiny.edit_json(folder / "config.json", model_type=None)


def endless_layers(folder: Path) -> None:
    tiny.edit_json(folder / "config.json", num_hidden_layers=10**9)


def endless_words(folder: Path) -> None:
    tiny.edit_json(folder / "config.json", vocab_size=4_000_000, hidden_size=60_000)


def negative_width(folder: Path) -> None:
    tiny.edit_json(folder / "config.json", hidden_size=-8)


def width_in_words(folder: Path) -> None:
    tiny.edit_json(folder / "config.json", hidden_size="many")


def heads_that_do_not_divide(folder: Path) -> None:
    tiny.edit_json(folder / "config.json", num_attention_heads=5)


def tokenizer_that_is_no_json(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{")


def no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def no_config(folder: Path) -> None:
    (folder / "config.json").unlink()


REFUSED = [auto_map, auto_map_of_an_unknown_type, tokenizer_auto_map, kernel_attention, kernel_attention_inside, pickle_only,
           index_out_of_the_folder, adapter_that_redirects, link_to_a_file_outside, weights_linked_outside, tokenizer_reads_another_file,
           quantised_for_another_machine, unknown_type, no_type]  # fmt: skip
BROKEN = [pickle_named_safetensors, pickle_through_the_index, huge_header, huge_tensor, shape_that_is_not_its_bytes, overlapping_tensors,
          negative_offsets, deep_header, cut_off_weights, empty_weights, config_that_is_no_json, config_that_is_a_list, deep_config,
          huge_config, endless_layers, endless_words, negative_width, width_in_words, heads_that_do_not_divide, tokenizer_that_is_no_json,
          no_tokenizer, no_config]  # fmt: skip


@pytest.mark.parametrize("spoil", [*REFUSED, *BROKEN], ids=lambda spoil: spoil.__name__)
def test_each_is_refused_and_the_canary_is_never_made(
    spoil: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    folder = tiny.build("bert", tmp_path)
    spoil(folder)
    before = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))
    pulled = PulledModel("org/evil", "0" * 40, folder, "local")
    wanted: type[PtmError] = ModelRefused if spoil in REFUSED else ModelBroken
    for load in (lambda: load_classifier(pulled, ["a", "b"]), lambda: load_encoder(pulled)):
        with pytest.raises(wanted, match="org/evil") as caught:
            load()
        assert str(tmp_path) not in caught.value.text  # a stranger may read it
    assert sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*")) == before
    assert not any(CANARY in str(path) for path in before)


def test_a_bomb_would_have_gone_off(tmp_path: Path) -> None:
    """The fixture itself works: unpickled, it makes the canary."""
    data = pickle.dumps(Bomb(tmp_path / CANARY))
    pickle.loads(data)  # noqa: S301
    assert (tmp_path / CANARY).exists()


def test_harmless_settings_of_attention_are_stripped_and_not_refused(tmp_path: Path) -> None:
    folder = tiny.build("bert", tmp_path)
    tiny.edit_json(folder / "config.json", _attn_implementation="flash_attention_2", attn_implementation="eager", auto_map={})
    before = (folder / "config.json").read_bytes()
    config = safe_config(folder, "org/name")
    assert "flash" not in str(config._attn_implementation)
    assert not hasattr(config, "auto_map")
    check_folder(folder, "org/name")
    loaded = load_classifier(PulledModel("org/name", "", folder, "local"), ["a", "b"])
    assert loaded.model.config._attn_implementation == "sdpa"
    assert (folder / "config.json").read_bytes() == before


def test_the_hubs_own_cache_of_links_is_allowed(tmp_path: Path) -> None:
    made = tiny.build("bert", tmp_path)
    cache = tmp_path / "models--org--name"
    snapshot = cache / "snapshots" / ("a" * 40)
    snapshot.mkdir(parents=True)
    (cache / "blobs").mkdir()
    for path in made.iterdir():
        path.rename(cache / "blobs" / path.name)
        (snapshot / path.name).symlink_to(Path("../../blobs") / path.name)
    check_folder(snapshot, "org/name")
    (snapshot / "config.json").unlink()
    (tmp_path / "other.json").write_text("{}")
    (snapshot / "config.json").symlink_to(tmp_path / "other.json")
    with pytest.raises(ModelRefused, match="link"):
        check_folder(snapshot, "org/name")


def test_shards_are_read_together(tmp_path: Path) -> None:
    folder = tiny.build("bert", tmp_path)
    weights = load_file(folder / "model.safetensors")
    expected = load_encoder(PulledModel("a", "", folder, "local"), seed=1).model.state_dict()
    names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    index = {}
    for part, name in enumerate(names):
        tensors = {key: value for number, (key, value) in enumerate(sorted(weights.items())) if number % 2 == part}
        save_file(tensors, folder / name, metadata={"format": "pt"})
        index |= dict.fromkeys(tensors, name)
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}))
    loaded = load_encoder(PulledModel("a", "", folder, "local"), seed=1).model.state_dict()
    assert all(torch.equal(loaded[key], expected[key]) for key in expected)
    (folder / names[1]).unlink()
    with pytest.raises(ModelBroken, match="not in its folder"):
        check_folder(folder, "a")


# --- adapters ---------------------------------------------------------------------------------------------------


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    loaded = load_classifier(tiny.pulled_tiny("bert", tmp_path), ["a", "b"])
    save_adapter(apply_lora(loaded, r=2), tmp_path / "adapter", model_id="tiny/bert", revision="1")
    return tmp_path / "adapter"


def test_an_adapter_names_its_base_by_id_never_by_path(adapter: Path) -> None:
    config = json.loads((adapter / "adapter_config.json").read_text())
    assert (config["base_model_name_or_path"], config["revision"]) == ("tiny/bert", "1")
    assert os.sep + "tmp" not in (adapter / "adapter_config.json").read_text()
    assert sorted(path.name for path in adapter.iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]


def test_an_adapter_may_not_redirect_its_base(adapter: Path, tmp_path: Path) -> None:
    loaded = load_classifier(tiny.pulled_tiny("bert", tmp_path), ["a", "b"])
    own = loaded.model.bert.embeddings.word_embeddings.weight.clone()
    tiny.edit_json(adapter / "adapter_config.json", base_model_name_or_path="evil/base", revision="evil")
    tuned = load_adapter(loaded, adapter)
    assert torch.equal(tuned.base_model.model.bert.embeddings.word_embeddings.weight, own)


def test_hostile_adapters_are_refused(adapter: Path, tmp_path: Path) -> None:
    loaded = load_classifier(tiny.pulled_tiny("bert", tmp_path), ["a", "b"])
    good_config, weights = (adapter / "adapter_config.json").read_bytes(), adapter / "adapter_model.safetensors"
    for changes in (
        {"peft_type": "PROMPT_TUNING"},
        {"peft_type": None},
        {"auto_mapping": {"base_model_class": "X", "parent_library": "evil"}},
    ):
        tiny.edit_json(adapter / "adapter_config.json", **changes)
        with pytest.raises(ModelRefused):
            load_adapter(loaded, adapter)
        (adapter / "adapter_config.json").write_bytes(good_config)
    good = weights.read_bytes()
    weights.write_bytes(good[:-10])
    with pytest.raises(ModelBroken, match="cut off"):
        load_adapter(loaded, adapter)
    weights.unlink()
    (adapter / "adapter_model.bin").write_bytes(pickle.dumps(Bomb(tmp_path / CANARY)))
    with pytest.raises(ModelRefused, match="no safetensors"):
        load_adapter(loaded, adapter)
    assert not (tmp_path / CANARY).exists()


def test_an_adapter_of_another_architecture_is_told(adapter: Path, tmp_path: Path) -> None:
    loaded = load_classifier(tiny.pulled_tiny("distilbert", tmp_path), ["a", "b"])
    with pytest.raises(ModelBroken, match="does not fit"):
        load_adapter(loaded, adapter)
