"""Tokens are counted as the model itself counts them, and never by way of the network unless that is asked for."""

from __future__ import annotations

import pytest

from ptm_demo.errors import HubError
from ptm_demo.hubs import Hubs
from ptm_demo.services.tokens import token_counter
from ptm_demo.settings import Settings


@pytest.mark.parametrize("model_id", ["builtin:minilm", "builtin:e5-small"])
def test_the_count_is_the_models_own(model_id: str, settings_with_models: Settings) -> None:
    from transformers import AutoTokenizer

    hubs = Hubs(settings_with_models)
    pulled = hubs.pull(model_id)
    texts = ["a short text", "", "这家店的菜很好吃，服务也不错。", "word " * 700]
    tokenizer = AutoTokenizer.from_pretrained(str(pulled.path), local_files_only=True)
    counter = token_counter(hubs, model_id)
    assert counter is not None
    assert counter(texts) == [len(tokenizer(pulled.text_prefix + text)["input_ids"]) for text in texts]


def test_a_model_that_is_not_here_is_not_fetched_unasked(settings: Settings) -> None:
    hubs = Hubs(settings)
    assert token_counter(hubs, "org/elsewhere") is None
    with pytest.raises(HubError):
        token_counter(hubs, "org/elsewhere", pull=True)
