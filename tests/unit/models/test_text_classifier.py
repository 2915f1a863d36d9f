from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from ptm_demo.models.lora import apply_lora
from ptm_demo.models.pooled import PooledClassifier, mean_pool
from ptm_demo.models.text_classifier import load_text_classifier, pooling_for
from tests.tiny import edit_json, pulled_tiny


def test_the_mean_is_over_real_tokens_only() -> None:
    hidden = torch.arange(24.0).reshape(2, 3, 4)
    mask = torch.tensor([[1, 1, 0], [1, 1, 1]])
    found = mean_pool(hidden, mask)
    assert torch.equal(found[0], hidden[0, :2].mean(dim=0))
    assert torch.allclose(found[1], hidden[1].mean(dim=0))
    assert torch.equal(mean_pool(hidden, None), hidden.mean(dim=1))
    assert not mean_pool(hidden, torch.zeros(2, 3)).isnan().any()


@pytest.mark.parametrize(
    ("name", "head", "pooling"),
    [
        ("bert", "none", "mean"),
        ("mpnet", "none", "mean"),
        ("bert", "mlm", "stock"),
        ("distilbert", "mlm", "stock"),
        ("roberta", "classifier", "stock"),
        ("gpt2", "none", "stock"),
        ("llama", "causal", "stock"),
    ],
)
def test_a_bare_encoder_is_pooled_and_everything_else_keeps_its_head(tmp_path: Path, name: str, head: str, pooling: str) -> None:
    pulled = pulled_tiny(name, tmp_path, head=head)
    assert pooling_for(pulled.path) == pooling
    loaded = load_text_classifier(pulled, ["no", "yes"])
    assert isinstance(loaded.model, PooledClassifier) == (pooling == "mean")
    assert loaded.labels == ("no", "yes")
    assert loaded.model(input_ids=torch.tensor([[2, 7, 9, 3]])).logits.shape == (1, 2)


def test_what_a_folder_says_of_its_pooling_counts(tmp_path: Path) -> None:
    pulled = pulled_tiny("bert", tmp_path, head="mlm")
    (pulled.path / "1_Pooling").mkdir()
    said = pulled.path / "1_Pooling" / "config.json"
    said.write_text(json.dumps({"pooling_mode_mean_tokens": True}), "utf-8")
    assert pooling_for(pulled.path) == "mean"
    edit_json(said, pooling_mode_mean_tokens=False, pooling_mode_cls_token=True)
    assert pooling_for(pulled.path) == "stock"


def test_padding_changes_no_answer(tmp_path: Path) -> None:
    model = load_text_classifier(pulled_tiny("bert", tmp_path, head="none", std=0.3), ["a", "b", "c"]).model
    ids = torch.tensor([[2, 7, 9, 3, 0, 0], [2, 8, 10, 11, 12, 3]])
    mask = (ids != 0).long()
    together = model(input_ids=ids, attention_mask=mask).logits
    alone = model(input_ids=ids[:1, :4]).logits
    assert torch.allclose(together[:1], alone, atol=1e-5)


def test_the_seed_decides_the_head(tmp_path: Path) -> None:
    pulled = pulled_tiny("bert", tmp_path, head="none")

    def head(seed: int) -> torch.Tensor:
        return load_text_classifier(pulled, ["a", "b"], seed=seed).model.classifier.weight

    first = head(1)
    assert torch.equal(first, head(1))
    assert not torch.equal(first, head(2))


def test_labels_give_the_mean_loss(tmp_path: Path) -> None:
    model = load_text_classifier(pulled_tiny("bert", tmp_path, head="none"), ["a", "b"]).model
    ids, labels = torch.tensor([[2, 7, 3], [2, 8, 3]]), torch.tensor([0, 1])
    found = model(input_ids=ids, labels=labels)
    assert found.loss.item() == pytest.approx(torch.nn.functional.cross_entropy(found.logits, labels).item())


def test_no_gradient_reaches_the_frozen_embeddings(tmp_path: Path) -> None:
    tuned = apply_lora(load_text_classifier(pulled_tiny("bert", tmp_path, head="none"), ["a", "b"]), targets="all-linear")
    seen: list[bool] = []
    tuned.get_input_embeddings().register_forward_hook(lambda module, args, output: seen.append(output.requires_grad))
    tuned(input_ids=torch.tensor([[2, 7, 3]]))
    assert seen == [False]
