"""SmolLM2: from the GGUF file in its wheel to a transformers folder (a LlamaForCausalLM).

The `gguf` package reads and de-quantises the tensors; names and the order of rotary dimensions are turned back into
transformers' own. Values of 4 and 8 bits are stored as float16. Two things that a GGUF header only names are known here:
the pre-tokenizer "smollm" splits digits from each other, and the output layer is tied to the word table.

Knows nothing of where the file came from or the folder goes to.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_LAYER = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}
_OUTSIDE = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}
_CONTROL = 3  # GGUF's type of a token that no text contains


def convert(sources: Mapping[str, Path], folder: Path, step: Callable[[float], None]) -> None:
    """Write config.json, the tokenizer and model.safetensors into `folder`.

    Args:
        sources: the path of the GGUF file by "weights".
        step: told the share done, 0…1; may raise to stop.

    Raises:
        ValueError: the file holds another architecture or tokenizer.
    """
    import numpy as np
    from gguf import GGUFReader
    from gguf.quants import dequantize
    from safetensors.numpy import save_file

    reader = GGUFReader(sources["weights"])
    step(0.4)
    facts = {name: field.contents() for name, field in reader.fields.items()}
    if facts["general.architecture"] != "llama" or facts["tokenizer.ggml.pre"] != "smollm":
        raise ValueError("the GGUF file is not SmolLM2's")
    heads = {"attn_q": facts["llama.attention.head_count"], "attn_k": facts["llama.attention.head_count_kv"]}
    tensors = {}
    for number, tensor in enumerate(reader.tensors, 1):
        value = dequantize(tensor.data, tensor.tensor_type)
        part = tensor.name.split(".")[-2]
        if part in heads:
            value = _rotary_halves(value, heads[part])
        tensors[tensor_name(tensor.name)] = np.ascontiguousarray(value, np.float16 if value.ndim > 1 else np.float32)
        step(0.4 + 0.5 * number / len(reader.tensors))
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    _write(folder / "config.json", _config(facts))
    _tokenizer(facts, folder)
    step(1.0)


def tensor_name(name: str) -> str:
    """transformers' name of a GGUF tensor.

    Raises:
        KeyError: a Llama has no such tensor.
    """
    if name in _OUTSIDE:
        return _OUTSIDE[name]
    _, layer, part, end = name.split(".")
    return f"model.layers.{layer}.{_LAYER[part]}.{end}"


def _rotary_halves(weight: Any, heads: int) -> Any:
    """llama.cpp keeps the two numbers that rotate together side by side, transformers half a head apart: [rows, width]."""
    rows, width = weight.shape
    return weight.reshape(heads, rows // heads // 2, 2, width).swapaxes(1, 2).reshape(rows, width)


def _config(facts: Mapping[str, Any]) -> dict[str, Any]:
    width, heads = facts["llama.embedding_length"], facts["llama.attention.head_count"]
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": facts["llama.vocab_size"],
        "hidden_size": width,
        "num_hidden_layers": facts["llama.block_count"],
        "num_attention_heads": heads,
        "num_key_value_heads": facts["llama.attention.head_count_kv"],
        "head_dim": width // heads,
        "intermediate_size": facts["llama.feed_forward_length"],
        "max_position_embeddings": facts["llama.context_length"],
        "rms_norm_eps": round(facts["llama.attention.layer_norm_rms_epsilon"], 10),  # the header rounds 1e-5 to float32
        "rope_parameters": {"rope_type": "default", "rope_theta": facts["llama.rope.freq_base"]},
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": True,
        "bos_token_id": facts["tokenizer.ggml.bos_token_id"],
        "eos_token_id": facts["tokenizer.ggml.eos_token_id"],
        "pad_token_id": facts["tokenizer.ggml.padding_token_id"],
        "initializer_range": 0.02,
        "dtype": "float32",
    }


def _tokenizer(facts: Mapping[str, Any], folder: Path) -> None:
    """tokenizer.json and tokenizer_config.json: byte-level pair encoding, digits one by one."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    tokens: list[str] = facts["tokenizer.ggml.tokens"]
    merges = [(left, right) for left, right in (merge.split(" ") for merge in facts["tokenizer.ggml.merges"])]
    core = Tokenizer(models.BPE({token: number for number, token in enumerate(tokens)}, merges))
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    core.decoder = decoders.ByteLevel()
    kinds = facts["tokenizer.ggml.token_type"]
    special = [token for token, kind in zip(tokens, kinds, strict=True) if kind == _CONTROL]
    core.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    core.save(str(folder / "tokenizer.json"))
    named = {"bos_token": "bos_token_id", "eos_token": "eos_token_id", "unk_token": "unknown_token_id", "pad_token": "padding_token_id"}
    _write(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": facts["llama.context_length"],
            "chat_template": facts["tokenizer.chat_template"],
            "clean_up_tokenization_spaces": False,
            **{name: tokens[facts[f"tokenizer.ggml.{key}"]] for name, key in named.items()},
        },
    )


def _write(path: Path, data: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(data, indent=2, ensure_ascii=False), "utf-8")
