"""Embeddings against a plain reference that takes one text at a time, without padding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ptm_demo.errors import BadOption
from ptm_demo.models import LoadedModel, load_encoder
from ptm_demo.progress import Cancelled, CancelToken, Progress
from ptm_demo.tasks.embed import embed
from tests import tiny

TEXTS = ["good", "the film was very boring and the plot is not so good", "", "这部电影很好", "we love it " * 40, "a cheap phone"]


def reference(loaded: LoadedModel, texts: list[str], pooling: str, limit: int) -> np.ndarray:
    rows = []
    for text in texts:
        batch = loaded.tokenizer(loaded.text_prefix + text, truncation=True, max_length=limit, return_tensors="pt")
        if not batch["input_ids"].numel():
            batch = {"input_ids": torch.tensor([[loaded.tokenizer.pad_token_id]]), "attention_mask": torch.ones(1, 1).long()}
        with torch.no_grad():
            hidden = loaded.model(**batch).last_hidden_state[0]
        rows.append({"mean": hidden.mean(0), "first": hidden[0], "last": hidden[-1]}[pooling])
    return torch.stack(rows).numpy()


@pytest.mark.parametrize("name", tiny.ELEVEN)
def test_equals_one_text_at_a_time(name: str, tmp_path: Path) -> None:
    loaded = load_encoder(tiny.pulled_tiny(name, tmp_path, std=0.3))
    for pooling in ("mean", "first", "last"):
        expected = reference(loaded, TEXTS, pooling, 40)
        for batch_size in (2, 64):
            found = embed(loaded, TEXTS, batch_size, pooling, normalize=False, max_length=40)
            np.testing.assert_allclose(found, expected, atol=2e-5, err_msg=f"{pooling}, {batch_size} at once")


def test_normalised_vectors_have_length_one_and_the_same_direction(tmp_path: Path) -> None:
    loaded = load_encoder(tiny.pulled_tiny("bert", tmp_path, std=0.3))
    plain, scaled = embed(loaded, TEXTS, normalize=False), embed(loaded, TEXTS)
    np.testing.assert_allclose(np.linalg.norm(scaled, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(scaled * np.linalg.norm(plain, axis=1, keepdims=True), plain, atol=1e-5)
    assert scaled.dtype == np.float32


def test_the_prefix_is_put_before_every_text(tmp_path: Path) -> None:
    bare = load_encoder(tiny.pulled_tiny("bert", tmp_path / "a", std=0.3))
    prefixed = load_encoder(tiny.pulled_tiny("bert", tmp_path / "b", std=0.3, text_prefix="the film: "))
    np.testing.assert_allclose(embed(prefixed, ["good", "bad"]), embed(bare, ["the film: good", "the film: bad"]), atol=1e-6)
    assert np.abs(embed(prefixed, ["good"]) - embed(bare, ["good"])).max() > 1e-3


def test_no_texts_give_an_empty_array_of_the_right_width(tmp_path: Path) -> None:
    assert embed(load_encoder(tiny.pulled_tiny("distilbert", tmp_path)), []).shape == (0, 32)


def test_progress_and_cancel(tmp_path: Path) -> None:
    loaded = load_encoder(tiny.pulled_tiny("bert", tmp_path))
    told: list[Progress] = []
    embed(loaded, TEXTS, 4, progress=told.append)
    assert [(p.done, p.total, p.unit) for p in told] == [(4, 6, "rows"), (6, 6, "rows")]
    token = CancelToken()
    with pytest.raises(Cancelled):
        embed(loaded, TEXTS, 1, progress=lambda _: token.cancel(), cancel=token)


def test_bad_options(tmp_path: Path) -> None:
    loaded = load_encoder(tiny.pulled_tiny("bert", tmp_path))
    with pytest.raises(BadOption, match="pooling"):
        embed(loaded, ["a"], pooling="max")
    with pytest.raises(BadOption, match="batch_size"):
        embed(loaded, ["a"], 0)
    with pytest.raises(BadOption, match="max_length"):
        embed(loaded, ["a"], max_length=0)
