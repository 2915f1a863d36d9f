"""Eleven families, tiny and random: each loads, trains, is kept, comes back onto a fresh base and answers the same."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import (
    AutoModelForSequenceClassification,
    DistilBertConfig,
    RobertaConfig,
)

from ptm_demo.architectures import ARCHITECTURES
from ptm_demo.errors import BadOption
from ptm_demo.models import (
    LoadedModel,
    apply_lora,
    count_parameters,
    load_adapter,
    load_classifier,
    lora_targets,
    merged,
    modules_to_save,
    save_adapter,
)
from tests import tiny

TEXTS = ["this movie is very good", "the food was awful and the staff slow, so we hate it", "这部电影很好", "fine"]
LABELS = ("bad", "good", "so so")


def logits(model: torch.nn.Module, loaded: LoadedModel, texts: list[str] = TEXTS) -> torch.Tensor:
    batch = loaded.tokenizer(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        return model(**batch).logits


def one_step(model: torch.nn.Module, loaded: LoadedModel) -> None:
    batch = loaded.tokenizer(TEXTS, padding=True, return_tensors="pt")
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.05)
    for _ in range(2):  # LoRA's first matrix gets no gradient while the second is zero
        optimizer.zero_grad()
        model(**batch, labels=torch.tensor([1, 0, 1, 2])).loss.backward()
        optimizer.step()


@pytest.mark.parametrize("choice", ["attention", "all-linear"])
@pytest.mark.parametrize("name", tiny.ELEVEN)
def test_trains_saves_and_reloads_equal(name: str, choice: str, tmp_path: Path) -> None:
    pulled = tiny.pulled_tiny(name, tmp_path)
    loaded = load_classifier(pulled, LABELS, seed=3)
    tuned = apply_lora(loaded, r=4, alpha=8, targets=choice, seed=3)
    before = {key: value.clone() for key, value in tuned.named_parameters()}
    one_step(tuned, loaded)
    changed = {key for key, value in tuned.named_parameters() if not torch.equal(value, before[key])}
    assert changed == {key for key, value in tuned.named_parameters() if value.requires_grad}
    assert all(".lora_" in key or ".modules_to_save." in key for key in changed)
    assert any(".lora_" in key for key in changed)
    assert any(".modules_to_save." in key for key in changed)

    tuned.eval()
    expected = logits(tuned, loaded)
    save_adapter(tuned, tmp_path / "adapter", model_id=pulled.model_id, revision=pulled.revision)
    fresh = load_classifier(pulled, LABELS, seed=999)  # another seed: what is random must come from the adapter
    back = load_adapter(fresh, tmp_path / "adapter")
    torch.testing.assert_close(logits(back, fresh), expected, atol=1e-5, rtol=0)

    plain = merged(back)
    assert not any(".lora_" in key for key in plain.state_dict())
    torch.testing.assert_close(logits(plain, fresh), expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(logits(back, fresh), expected, atol=1e-5, rtol=0)  # merging worked on a copy


@pytest.mark.parametrize("name", tiny.ELEVEN)
def test_padding_does_not_change_an_answer(name: str, tmp_path: Path) -> None:
    loaded = load_classifier(tiny.pulled_tiny(name, tmp_path), LABELS)
    alone = torch.cat([logits(loaded.model, loaded, [text]) for text in TEXTS])
    torch.testing.assert_close(logits(loaded.model, loaded), alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", tiny.ELEVEN)
def test_head_comes_from_the_seed_alone(name: str, tmp_path: Path) -> None:
    pulled = tiny.pulled_tiny(name, tmp_path)
    torch.manual_seed(1)
    first = load_classifier(pulled, LABELS, seed=5).model.state_dict()
    torch.manual_seed(2)
    second = load_classifier(pulled, LABELS, seed=5).model.state_dict()
    other = load_classifier(pulled, LABELS, seed=6).model.state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


def test_published_counts_of_distilbert() -> None:
    """q and v, r = 8, 2 labels: 147,456 LoRA parameters and 592,130 of the head."""
    model = AutoModelForSequenceClassification.from_config(DistilBertConfig(num_labels=2))
    loaded = LoadedModel(model, None, "distilbert", "", Path(), "classifier", fresh=("classifier", "pre_classifier"))
    tuned = apply_lora(loaded, r=8, targets="attention")
    assert count_parameters(tuned, trainable=True) == 739_586
    assert sum(value.numel() for key, value in tuned.named_parameters() if ".lora_" in key) == 147_456


def test_published_counts_of_roberta_base() -> None:
    """q and v, r = 8, 2 labels: 887,042."""
    config = RobertaConfig(vocab_size=50265, max_position_embeddings=514, type_vocab_size=1, num_labels=2)
    model = AutoModelForSequenceClassification.from_config(config)
    loaded = LoadedModel(model, None, "roberta-base", "", Path(), "classifier", fresh=("classifier",))
    assert count_parameters(apply_lora(loaded, r=8, targets="attention"), trainable=True) == 887_042


@pytest.mark.parametrize("name", tiny.ELEVEN)
def test_all_linear_is_every_linear_layer_but_the_head(name: str, tmp_path: Path) -> None:
    from transformers.pytorch_utils import Conv1D

    loaded = load_classifier(tiny.pulled_tiny(name, tmp_path), LABELS)
    kept = modules_to_save(loaded.model, loaded.fresh)
    modules = {n: m for n, m in loaded.model.named_modules() if isinstance(m, torch.nn.Linear | Conv1D)}
    body = [n for n in modules if n.startswith(loaded.model.base_model_prefix + ".") and not any(n.startswith(k) for k in kept)]
    assert lora_targets(loaded.model, "all-linear", kept) == body
    assert len(body) >= 6
    # the same from the config alone; there nothing is known of poolers that a checkpoint lacks
    assert set(body) <= set(lora_targets(loaded.model.config, "all-linear"))


@pytest.mark.parametrize("name", tiny.ARCHITECTURES)
def test_every_row_of_the_table_finds_its_layers(name: str, tmp_path: Path) -> None:
    loaded = load_classifier(tiny.pulled_tiny(name, tmp_path), LABELS)
    assert lora_targets(loaded.model, "attention") == list(ARCHITECTURES[loaded.model.config.model_type].attention)


def test_targets_are_a_new_list_each_time(tmp_path: Path) -> None:
    loaded = load_classifier(tiny.pulled_tiny("bert", tmp_path), LABELS)
    first = lora_targets(loaded.model, "attention")
    first.append("changed")
    assert lora_targets(loaded.model, "attention") == ["query", "value"]


def test_an_architecture_without_a_row_gets_all_linear_layers(tmp_path: Path) -> None:
    loaded = load_classifier(tiny.pulled_tiny("bert", tmp_path), LABELS)
    loaded.model.config.model_type = "unheard-of"
    assert lora_targets(loaded.model, "auto") == lora_targets(loaded.model, "all-linear")


def test_own_names_are_checked(tmp_path: Path) -> None:
    loaded = load_classifier(tiny.pulled_tiny("bert", tmp_path), LABELS)
    assert lora_targets(loaded.model, ["key"]) == ["key"]
    for wrong in (["key", "no_such_layer"], [], "everything"):
        with pytest.raises(BadOption, match="target_modules"):
            lora_targets(loaded.model, wrong)


def test_poolers_that_the_checkpoint_lacks_are_trained_and_saved(tmp_path: Path) -> None:
    assert load_classifier(tiny.pulled_tiny("bert", tmp_path / "mlm"), LABELS).fresh == ("bert.pooler", "classifier")
    assert load_classifier(tiny.pulled_tiny("bert", tmp_path / "bare", head="none"), LABELS).fresh == ("classifier",)
    assert load_classifier(tiny.pulled_tiny("deberta-v2", tmp_path), LABELS).fresh == ("classifier", "pooler")
