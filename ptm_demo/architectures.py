"""What the studio knows of each model architecture: which ones it loads, and where LoRA goes in them. A table of facts.

An architecture that is not in the table is not loaded at all: the table is the list of model classes whose code was looked
at and that transformers itself holds. Knows no ML library, so that a hub can refuse a model before its first byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True, slots=True)
class Architecture:
    """One `model_type` of a config.json.

    Attributes:
        model_type: transformers' name.
        reads: "both" directions (an encoder: masked tokens, embeddings) or "left" to right (a decoder: the next token).
        attention: suffixes of the query and value projections' names, the targets of the LoRA paper (Hu et al. 2021,
            arXiv 2106.09685). Where one matrix holds query, key and value, its name.
        position_offset: positions that are never used by a token, because the model counts from after the padding id.
    """

    model_type: str
    reads: Literal["both", "left"]
    attention: tuple[str, ...]
    position_offset: int = 0


_QUERY_VALUE = ("query", "value")
_PROJECTIONS = ("q_proj", "v_proj")

ARCHITECTURES: Mapping[str, Architecture] = MappingProxyType(
    {
        item.model_type: item
        for item in (
            Architecture("albert", "both", _QUERY_VALUE),
            Architecture("bert", "both", _QUERY_VALUE),
            Architecture("camembert", "both", _QUERY_VALUE, 2),
            Architecture("deberta-v2", "both", ("query_proj", "value_proj")),
            Architecture("distilbert", "both", ("q_lin", "v_lin")),
            Architecture("electra", "both", _QUERY_VALUE),
            Architecture("modernbert", "both", ("attn.Wqkv", "attn.Wo")),
            Architecture("mpnet", "both", ("attn.q", "attn.v"), 2),
            Architecture("roberta", "both", _QUERY_VALUE, 2),
            Architecture("xlm-roberta", "both", _QUERY_VALUE, 2),
            Architecture("gemma", "left", _PROJECTIONS),
            Architecture("gemma2", "left", _PROJECTIONS),
            Architecture("gpt2", "left", ("attn.c_attn",)),
            Architecture("gpt_neox", "left", ("query_key_value",)),
            Architecture("llama", "left", _PROJECTIONS),
            Architecture("mistral", "left", _PROJECTIONS),
            Architecture("opt", "left", _PROJECTIONS),
            Architecture("phi", "left", _PROJECTIONS),
            Architecture("qwen2", "left", _PROJECTIONS),
            Architecture("qwen3", "left", _PROJECTIONS),
        )
    }
)
