"""Frozen dataclasses to JSON files and back; what is read is checked by pydantic. Knows no particular type."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ptm_demo.errors import StoreError
from ptm_demo.store.files import atomic_write_bytes, disk_errors


@lru_cache(maxsize=64)
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def dump(value: Any) -> bytes:
    """JSON in UTF-8, readable, the same for the same value; a float that is not finite is written as NaN or Infinity."""
    return json.dumps(_plain(value), ensure_ascii=False, indent=1).encode("utf-8", "surrogatepass") + b"\n"


def load(text: str | bytes, kind: Any, what: str = "the file") -> Any:
    """The value that `dump` wrote. Raises StoreError when the text is no JSON, or not of that kind."""
    try:
        return _adapter(kind).validate_python(json.loads(text))
    except (ValueError, ValidationError) as error:  # JSONDecodeError and UnicodeDecodeError are ValueErrors
        first = str(error).splitlines()[0]
        raise StoreError(detail=f"{what} is damaged ({first})") from error


def write_json(path: Path, value: Any) -> None:
    """Write a value (dataclasses, mappings, sequences, numbers, texts, in any nesting) whole or not at all. Raises DiskFull, StoreError."""
    with disk_errors(path.name):
        atomic_write_bytes(path, dump(value))


def read_json(path: Path, kind: Any) -> Any:
    """Raises StoreError: there is no such file, or it is damaged."""
    with disk_errors(path.name):
        data = path.read_bytes()
    return load(data, kind, path.name)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):  # NumPy numbers and arrays
        return value.tolist()
    return str(value) if isinstance(value, Path) else value
