"""Loading: what a loaded model promises, and what it refuses to be."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from ptm_demo.errors import ModelBroken, WrongKindOfModel
from ptm_demo.models import count_parameters, load_causal_lm, load_classifier, load_encoder, load_masked_lm, model_bytes
from tests import tiny


def test_a_classifier_is_float32_in_evaluation_with_its_labels(tmp_path: Path) -> None:
    pulled = tiny.pulled_tiny("bert", tmp_path, text_prefix="query: ")
    weights = load_file(pulled.path / "model.safetensors")
    save_file({key: value.half() for key, value in weights.items()}, pulled.path / "model.safetensors", metadata={"format": "pt"})
    loaded = load_classifier(pulled, ["no", "yes"])
    assert {parameter.dtype for parameter in loaded.model.parameters()} == {torch.float32}
    assert not loaded.model.training
    assert loaded.model.config.id2label == {0: "no", 1: "yes"}
    assert loaded.model.config.label2id == {"no": 0, "yes": 1}
    assert loaded.labels == ("no", "yes")
    assert loaded.prefixed(["a"]) == ["query: a"]
    assert (loaded.model_id, loaded.revision, loaded.kind) == ("tiny/bert", "0" * 40, "classifier")


def test_a_tuned_head_of_as_many_classes_is_kept_and_another_is_not(tmp_path: Path) -> None:
    pulled = tiny.pulled_tiny("bert", tmp_path, head="classifier", num_labels=3)
    own = load_file(pulled.path / "model.safetensors")["classifier.weight"]
    same = load_classifier(pulled, ["a", "b", "c"])
    assert torch.equal(same.model.classifier.weight, own)
    assert same.fresh == ()
    other = load_classifier(pulled, ["a", "b"])
    assert other.model.classifier.weight.shape == (2, 32)
    assert other.fresh == ("classifier",)


@pytest.mark.parametrize("name", ["gpt2", "llama", "qwen2"])
def test_decoders_get_a_padding_token(name: str, tmp_path: Path) -> None:
    loaded = load_classifier(tiny.pulled_tiny(name, tmp_path), ["a", "b"])
    assert loaded.tokenizer.pad_token == "<|endoftext|>"
    assert loaded.model.config.pad_token_id == loaded.tokenizer.pad_token_id == 0
    assert loaded.tokenizer.padding_side == "right"


@pytest.mark.parametrize(("name", "positions"), [("bert", 66), ("roberta", 66), ("mpnet", 66), ("gpt2", 66), ("llama", 66)])
def test_the_longest_input_really_fits_and_one_more_is_cut(name: str, positions: int, tmp_path: Path) -> None:
    loaded = load_classifier(tiny.pulled_tiny(name, tmp_path), ["a", "b"])
    assert loaded.max_length == positions
    batch = loaded.tokenizer(["good " * 500], truncation=True, return_tensors="pt")
    assert batch["input_ids"].shape == (1, positions)
    with torch.no_grad():
        assert torch.isfinite(loaded.model(**batch).logits).all()


def test_kinds(tmp_path: Path) -> None:
    bert, gpt2 = tiny.pulled_tiny("bert", tmp_path), tiny.pulled_tiny("gpt2", tmp_path)
    assert load_causal_lm(gpt2).kind == "causal_lm"
    assert load_masked_lm(bert).kind == "masked_lm"
    assert load_encoder(gpt2).kind == load_encoder(bert).kind == "encoder"
    with pytest.raises(WrongKindOfModel, match="predict the next token"):
        load_causal_lm(bert)
    with pytest.raises(WrongKindOfModel, match="predict masked tokens"):
        load_masked_lm(gpt2)
    with pytest.raises(WrongKindOfModel, match="predict masked tokens"):
        load_masked_lm(tiny.pulled_tiny("bert", tmp_path / "bare", head="none"))


def test_the_folder_is_not_written(tmp_path: Path) -> None:
    pulled = tiny.pulled_tiny("bert", tmp_path)
    before = {path.name: path.read_bytes() for path in pulled.path.iterdir()}
    load_classifier(pulled, ["a", "b"])
    assert {path.name: path.read_bytes() for path in pulled.path.iterdir()} == before


def test_missing_body_weights_are_told_not_invented(tmp_path: Path) -> None:
    pulled = tiny.pulled_tiny("bert", tmp_path)
    weights = load_file(pulled.path / "model.safetensors")
    key = next(name for name in weights if "layer.1" in name and name.endswith("query.weight"))
    del weights[key]
    save_file(weights, pulled.path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelBroken, match=r"layer\.1"):
        load_classifier(pulled, ["a", "b"])


def test_body_weights_of_another_shape_are_told(tmp_path: Path) -> None:
    pulled = tiny.pulled_tiny("bert", tmp_path)
    tiny.edit_json(pulled.path / "config.json", intermediate_size=40)
    with pytest.raises(ModelBroken, match=r"intermediate\.dense\.bias, or have it in another shape"):
        load_classifier(pulled, ["a", "b"])


def test_a_tokenizer_larger_than_the_model_is_told(tmp_path: Path) -> None:
    pulled = tiny.pulled_tiny("bert", tmp_path)
    tiny.tokenizer("bert", [*tiny.WORDS, "extra", "words"]).save_pretrained(pulled.path)
    with pytest.raises(ModelBroken, match="tokenizer has"):
        load_classifier(pulled, ["a", "b"])


def test_counts(tmp_path: Path) -> None:
    model = load_masked_lm(tiny.pulled_tiny("bert", tmp_path)).model
    assert count_parameters(model) == sum(tensor.numel() for tensor in load_file(tmp_path / "tiny-bert" / "model.safetensors").values())
    assert count_parameters(model, trainable=True) == count_parameters(model)
    model.requires_grad_(False)
    assert count_parameters(model, trainable=True) == 0
    assert model_bytes(model) >= 4 * count_parameters(model)
