"""Tiny random models of every architecture that the studio tunes, as transformers folders with a tokenizer.

    folder = build("bert", tmp_path)             # a masked or causal LM: no pooler, no classifier, as the Hub has them
    pulled = pulled_tiny("roberta", tmp_path)    # the same as a PulledModel

A model takes milliseconds to make and has about 20,000 parameters. Its weights are random, so with LoRA alone it stays
near chance: a test that needs it to learn passes `std=0.3`, which makes its features differ between words.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    CONFIG_MAPPING,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    PreTrainedTokenizerFast,
)

from ptm_demo.hubs import PulledModel

_TEXT = (
    "the a an and or not very so is was it this that film movie book food phone service story plot actor weather price room staff "
    "good bad great awful love hate fine poor best worst happy sad boring funny slow fast cheap costly clean dirty late early warm cold "
    "i we you they he she my your in on of to for with from at by as be are were have had will can do did one two three"
)
WORDS = tuple(_TEXT.split())
CHARACTERS = "这那部电影书菜很不太好坏喜欢讨厌慢快贵便宜干净脏冷热服务房间了的是我你他和在有，。！？"
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_END = "<|endoftext|>"
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,!?'\"-:;()&%$#@/"

# name in the tests -> (model_type, head of the checkpoint, what its config needs beyond the common sizes)
_BERT = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48, "max_position_embeddings": 66}
_LLAMA = {**_BERT, "num_key_value_heads": 2, "head_dim": 8, "tie_word_embeddings": True}
_GPT2 = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 66}
_DISTILBERT = {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 48, "max_position_embeddings": 66}
_DEBERTA = {**_BERT, "relative_attention": True, "pos_att_type": ["p2c", "c2p"], "type_vocab_size": 0}
_MODERNBERT = {**_BERT, "local_attention": 16, "global_attn_every_n_layers": 2}
ARCHITECTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "bert": ("bert", _BERT),
    "roberta": ("roberta", {**_BERT, "max_position_embeddings": 68}),
    "distilbert": ("distilbert", _DISTILBERT),
    "electra": ("electra", {**_BERT, "embedding_size": 24}),
    "deberta-v2": ("deberta-v2", _DEBERTA),
    "albert": ("albert", {**_BERT, "embedding_size": 24}),
    "mpnet": ("mpnet", {**_BERT, "max_position_embeddings": 68}),
    "modernbert": ("modernbert", _MODERNBERT),
    "gpt2": ("gpt2", _GPT2),
    "llama": ("llama", _LLAMA),
    "qwen2": ("qwen2", _LLAMA),
    "qwen3": ("qwen3", _LLAMA),
    "gpt_neox": ("gpt_neox", {**_BERT, "tie_word_embeddings": False}),
}
# The eleven families that must train, save and reload equal.
ELEVEN = ("bert", "roberta", "distilbert", "electra", "deberta-v2", "albert", "mpnet", "modernbert", "gpt2", "llama", "qwen2")
_DECODERS = ("gpt2", "llama", "qwen2", "qwen3", "gpt_neox")
_AUTO: dict[str, Callable[..., Any]] = {
    "mlm": AutoModelForMaskedLM.from_config,
    "causal": AutoModelForCausalLM.from_config,
    "none": AutoModel.from_config,
    "classifier": AutoModelForSequenceClassification.from_config,
}


def tokenizer(name: str = "bert", words: Sequence[str] = WORDS) -> PreTrainedTokenizerFast:
    """What an encoder gets: whole words of `words`, letters and some Chinese characters. A decoder: bytes and merges of
    `words`, and no padding token, as these are published."""
    if name in _DECODERS:
        core = Tokenizer(models.BPE())
        core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        core.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=400, special_tokens=[_END], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
        )
        core.train_from_iterator([f"{word} {word}" for word in words], trainer)
        return PreTrainedTokenizerFast(tokenizer_object=core, eos_token=_END, bos_token=_END, unk_token=_END)
    vocabulary = list(dict.fromkeys([*_SPECIAL, *words, *LETTERS, *("##" + letter for letter in LETTERS), *CHARACTERS]))
    core = Tokenizer(models.WordPiece({word: n for n, word in enumerate(vocabulary)}, unk_token="[UNK]"))
    core.normalizer = normalizers.BertNormalizer(lowercase=True)
    core.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    core.decoder = decoders.WordPiece()
    ends = [(token, vocabulary.index(token)) for token in ("[CLS]", "[SEP]")]
    core.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", "[CLS] $A [SEP] $B [SEP]", ends)
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    return PreTrainedTokenizerFast(tokenizer_object=core, **special)


def config(name: str, vocab_size: int, **changes: Any) -> Any:
    """The tiny config of an architecture; `changes` overrule its sizes."""
    model_type, sizes = ARCHITECTURES[name]
    ends = {"pad_token_id": None, "bos_token_id": 0, "eos_token_id": 0} if name in _DECODERS else {
        "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3, "cls_token_id": 2, "sep_token_id": 3}  # fmt: skip
    return CONFIG_MAPPING[model_type](**{"vocab_size": vocab_size, **sizes, **ends, **changes})


def build(
    name: str, folder: Path, *, head: str = "", seed: int = 0, std: float = 0.02, words: Sequence[str] = WORDS, **changes: Any
) -> Path:
    """Make a tiny random model in `folder`/tiny-<name>.

    Args:
        head: "mlm", "causal", "none" (the bare model) or "classifier"; "" takes the one the family is published with.
        std: spread of the random weights.
        words: whole words that the tokenizer knows.
        changes: config values, such as num_hidden_layers=1.

    Returns:
        the model's folder: config.json, model.safetensors, tokenizer.json, tokenizer_config.json.
    """
    target = folder / f"tiny-{name}"
    words_of = tokenizer(name, words)
    spread = {"initializer_range": std}
    made = config(name, len(words_of), **spread, **changes)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = _AUTO[head or ("causal" if name in _DECODERS else "mlm")](made)
    model.save_pretrained(target)
    words_of.save_pretrained(target)
    return target


def pulled_tiny(name: str, folder: Path, *, text_prefix: str = "", **options: Any) -> PulledModel:
    """A tiny random model as a hub would hand it over; `options` as in `build`."""
    return PulledModel(f"tiny/{name}", "0" * 40, build(name, folder, **options), "local", text_prefix)


def edit_json(path: Path, **changes: Any) -> None:
    """Change values of a JSON file in place; None deletes one."""
    data = json.loads(path.read_text("utf-8"))
    data = {key: value for key, value in {**data, **changes}.items() if value is not None}
    path.write_text(json.dumps(data), "utf-8")
