"""Reads the header of a safetensors file and checks that it can be true, before anything allocates what it declares.

The format: 8 bytes, the header's length as a little-endian uint64; the header, a JSON object of dtype, shape and byte range
by tensor name; then the bytes. Every check here holds for every file that the format's own writer makes.
"""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path

from ptm_demo.errors import ModelBroken

MAX_HEADER_BYTES = 25 << 20
_BITS = {"BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32,
         "F32": 32, "I64": 64, "U64": 64, "F64": 64}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor as the header declares it."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def count(self) -> int:
        return math.prod(self.shape)


def read_header(path: Path, model_id: str) -> dict[str, Tensor]:
    """The declared tensors by name.

    Raises:
        ModelBroken: the header cannot be read, or declares what the file does not hold.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(8)
            if len(start) < 8:
                raise ValueError("is cut off")
            (length,) = struct.unpack("<Q", start)
            if length > min(MAX_HEADER_BYTES, size - 8):
                raise ValueError("declares a header larger than the file can hold")
            declared = json.loads(file.read(length))
        return _tensors(declared, size - 8 - length)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        reason = str(error) if isinstance(error, ValueError) and not isinstance(error, json.JSONDecodeError) else "has a broken header"
        raise ModelBroken(model_id=model_id, reason=f"{path.name} {reason}") from error


def _tensors(declared: object, room: int) -> dict[str, Tensor]:
    if not isinstance(declared, dict):
        raise TypeError("not an object")
    tensors, spans = {}, []
    for name, entry in declared.items():
        if name == "__metadata__":
            continue
        shape = tuple(entry["shape"])
        begin, end = entry["data_offsets"]
        if not all(type(number) is int and number >= 0 for number in (*shape, begin, end)):
            raise ValueError("declares a size that is no whole number")
        if entry["dtype"] not in _BITS:
            raise ValueError(f"holds a type of number that is not read here ({str(entry['dtype'])[:20]})")
        if math.prod(shape) * _BITS[entry["dtype"]] != 8 * (end - begin):
            raise ValueError("declares a tensor whose bytes do not fit its shape")
        tensors[name] = Tensor(entry["dtype"], shape)
        spans.append((begin, end))
    at = 0
    for begin, end in sorted(spans):
        if begin != at:
            raise ValueError("declares tensors that overlap or leave a gap")
        at = end
    if at != room:
        raise ValueError("is cut off or has bytes too many")
    return tensors
