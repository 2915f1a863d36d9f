"""Whether a model may come in at all, told from its list of files and its JSON files alone. Nothing is executed or unpickled.

A model is refused when it brings code (`auto_map`), has pickled weights only, is an adapter that would lead to another
model, names files outside its folder, or is of a kind the studio does not know. Used twice: before a download, on what
the hub says, and before loading, on what lies in the folder. Knows no ML library and no network.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from ptm_demo.architectures import ARCHITECTURES
from ptm_demo.errors import ModelBroken, ModelRefused

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
MAX_JSON_BYTES = 4 << 20

_SHARD = re.compile(r"model-\d{5}-of-\d{5}\.safetensors")
_TOKENIZER = ("tokenizer.json", "vocab.txt", "vocab.json", "merges.txt", "spiece.model", "spm.model", "sentencepiece.bpe.model",
              "tokenizer.model", "added_tokens.json", "special_tokens_map.json", TOKENIZER_CONFIG, "chat_template.jinja")  # fmt: skip
# How a sentence encoder was trained to pool; read as JSON, by those who pool.
_POOLING = ("1_Pooling/config.json",)
_VOCABULARY = {"tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "spm.model", "sentencepiece.bpe.model", "tokenizer.model"}
_PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".msgpack", ".h5", ".ot")
# Sizes that transformers allocates or loops over before it looks at a weight. Far above any published model of these kinds.
_LIMITS = {"num_hidden_layers": 512, "n_layer": 512, "num_layers": 512, "n_layers": 512, "num_attention_heads": 1024, "n_head": 1024,
           "hidden_size": 1 << 16, "n_embd": 1 << 16, "dim": 1 << 16, "intermediate_size": 1 << 20, "embedding_size": 1 << 16,
           "vocab_size": 1 << 22, "max_position_embeddings": 1 << 24, "n_positions": 1 << 24, "type_vocab_size": 1 << 16}  # fmt: skip


def check_names(model_id: str, names: Iterable[str]) -> None:
    """Refuse names that would lead out of the model's folder or that no published model has.

    Raises:
        ModelRefused: for the first such name.
    """
    for name in names:
        path = PurePosixPath(name)
        if not name or path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or not name.isprintable():
            raise ModelRefused(model_id=model_id, reason=f"the file name {name[:80]!r} leads out of its folder")


def needed_files(model_id: str, names: Iterable[str]) -> list[str]:
    """Of all the files of a model: those that are needed to load it, weights last.

    Raises:
        ModelRefused: it has no safetensors weights, or it is an adapter for another model.
        ModelBroken: it has no config.json or no vocabulary.
    """
    there = set(names)
    check_names(model_id, there)
    if "adapter_config.json" in there:
        raise ModelRefused(model_id=model_id, reason="it is an adapter that asks for another model's weights")
    if CONFIG not in there:
        raise ModelBroken(model_id=model_id, reason="it has no config.json")
    shards = sorted(name for name in there if _SHARD.fullmatch(name))
    weights = [WEIGHTS] if WEIGHTS in there else [INDEX, *shards] if INDEX in there and shards else []
    if not weights:
        pickled = sorted(name for name in there if name.endswith(_PICKLED))
        found = f"its weights ({pickled[0]}) could run code when they are read" if pickled else "it has no safetensors weights"
        raise ModelRefused(model_id=model_id, reason=found)
    if not there & _VOCABULARY:
        raise ModelBroken(model_id=model_id, reason="it has no tokenizer")
    return [CONFIG, *(name for name in (*_TOKENIZER, *_POOLING) if name in there), *weights]


def read_json(model_id: str, name: str, data: bytes) -> dict[str, Any]:
    """A JSON object from a file's bytes.

    Raises:
        ModelBroken: it is not JSON, not an object, or larger than any such file is.
    """
    if len(data) > MAX_JSON_BYTES:
        raise ModelBroken(model_id=model_id, reason=f"{name} has {len(data) >> 20} MB")
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ModelBroken(model_id=model_id, reason=f"{name} is not JSON") from error
    if not isinstance(value, dict):
        raise ModelBroken(model_id=model_id, reason=f"{name} is not a JSON object")
    return value


def check_config(model_id: str, config: Mapping[str, Any]) -> str:
    """Refuse a config.json that asks for code, for kernels from elsewhere, or for an architecture that is not in the table.

    Returns:
        its model_type.

    Raises:
        ModelRefused, ModelBroken: see above; sizes beyond reason count as broken.
    """
    _refuse_code(model_id, CONFIG, config)
    model_type = config.get("model_type")
    if not isinstance(model_type, str) or model_type not in ARCHITECTURES:
        raise ModelRefused(
            model_id=model_id, reason=f"its architecture ({str(model_type)[:40]}) is not one of {', '.join(sorted(ARCHITECTURES))}"
        )
    if config.get("quantization_config"):
        raise ModelRefused(model_id=model_id, reason="its weights are quantised for another machine")
    for key, limit in _LIMITS.items():
        value = config.get(key, 1)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= limit):
            raise ModelBroken(model_id=model_id, reason=f"{CONFIG} says {key} = {str(value)[:40]}")
    return model_type


def check_tokenizer_config(model_id: str, config: Mapping[str, Any]) -> None:
    """Refuse a tokenizer_config.json that asks for code or for files elsewhere.

    Raises:
        ModelRefused: see above.
    """
    _refuse_code(model_id, TOKENIZER_CONFIG, config)
    for key, value in config.items():
        if key.endswith("_file") and isinstance(value, str) and PurePosixPath(value.replace("\\", "/")).name != value:
            raise ModelRefused(model_id=model_id, reason=f"{TOKENIZER_CONFIG} names a file outside its folder ({key})")


def cleaned(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config without what could choose code: `auto_map`, `*attn_implementation*` and its like, at every level."""
    return {key: cleaned(value) if isinstance(value, dict) else value for key, value in config.items() if not _chooses_code(key)}


def _chooses_code(key: str) -> bool:
    return key in {"auto_map", "custom_pipelines", "trust_remote_code"} or "attn_implementation" in key or "experts_implementation" in key


def _refuse_code(model_id: str, name: str, config: Mapping[str, Any]) -> None:
    for key, value in config.items():
        if key in {"auto_map", "custom_pipelines"} and value:
            raise ModelRefused(model_id=model_id, reason=f"{name} asks to run code of its own ({key})")
        # "sdpa" or "eager" are transformers' own; a name with a slash is a repository of compiled code.
        if "implementation" in key and "/" in json.dumps(value):
            raise ModelRefused(model_id=model_id, reason=f"{name} asks for compiled code from elsewhere ({key})")
        if isinstance(value, dict):
            _refuse_code(model_id, name, value)
