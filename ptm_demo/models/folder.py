"""Whether a model's folder may be loaded: only safetensors, no code, nothing outside the folder, sizes that can be true.

The last gate before transformers reads the folder, whoever put the files there. Nothing is executed, unpickled or written.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from transformers import CONFIG_MAPPING, PretrainedConfig

from ptm_demo.errors import ModelBroken, ModelRefused, PtmError
from ptm_demo.hubs import trust
from ptm_demo.models.header import Tensor, read_header

_MAX_FILES = 2000
_HUB_CACHE = re.compile(r"models--[^/]+/snapshots/[0-9a-f]{40}")


def check_folder(path: Path, model_id: str) -> None:
    """Refuse a folder that is not safe or not complete.

    Raises:
        ModelRefused: it asks for code, has pickled weights, leads to other files, or is of an unknown architecture.
        ModelBroken: a file is missing, cut off, not what it says, or declares impossible sizes.
    """
    read_folder(path, model_id)


def safe_config(path: Path, model_id: str = "") -> PretrainedConfig:
    """The folder's config without anything that could choose code; the folder itself is not changed.

    Raises:
        ModelRefused, ModelBroken: as `check_folder`.
    """
    model_id = model_id or path.name
    data = read_object(path, trust.CONFIG, model_id)
    model_type = trust.check_config(model_id, data)
    try:
        return CONFIG_MAPPING[model_type].from_dict(trust.cleaned(data))
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
        raise ModelBroken(model_id=model_id, reason=f"config.json does not fit its architecture ({type(error).__name__})") from error


def read_folder(path: Path, model_id: str) -> dict[str, Tensor]:
    """Everything that `check_folder` does; the declared tensors by name, of all weight files together."""
    names = _names(path, model_id)
    needed = trust.needed_files(model_id, names)
    config = read_object(path, trust.CONFIG, model_id)
    trust.check_config(model_id, config)
    if trust.TOKENIZER_CONFIG in needed:
        trust.check_tokenizer_config(model_id, read_object(path, trust.TOKENIZER_CONFIG, model_id))
    if trust.INDEX in needed:
        _check_index(path, model_id, set(needed))
    tensors: dict[str, Tensor] = {}
    for name in needed:
        if name.endswith(".safetensors"):
            tensors |= read_header(path / name, model_id)
    _check_sizes(config, tensors, model_id)
    return tensors


def read_object(path: Path, name: str, model_id: str) -> dict[str, Any]:
    """A small JSON file of the folder, as an object.

    Raises:
        ModelBroken: it cannot be read, or is not a JSON object.
    """
    try:
        with (path / name).open("rb") as file:
            data = file.read(trust.MAX_JSON_BYTES + 1)
    except OSError as error:
        raise ModelBroken(model_id=model_id, reason=f"{name} cannot be opened") from error
    return trust.read_json(model_id, name, data)


def _names(path: Path, model_id: str) -> list[str]:
    """The names of the files at the top of the folder, each of which really lies in it."""
    root = path.resolve()
    # The Hub's own cache keeps the bytes of a snapshot in a folder beside it and links to them.
    allowed = root.parent.parent if _HUB_CACHE.search(root.as_posix()) else root
    names = []
    try:
        entries = sorted(path.iterdir())[: _MAX_FILES + 1]
    except OSError as error:
        raise ModelBroken(model_id=model_id, reason="its folder cannot be opened") from error
    if len(entries) > _MAX_FILES:
        raise ModelRefused(model_id=model_id, reason=f"its folder has more than {_MAX_FILES} files")
    for entry in entries:
        if entry.is_symlink() and not entry.resolve().is_relative_to(allowed):
            raise ModelRefused(model_id=model_id, reason=f"{entry.name} is a link to a file outside its folder")
        if entry.is_file():
            names.append(entry.name)
    return names


def _check_index(path: Path, model_id: str, needed: set[str]) -> None:
    weight_map = read_object(path, trust.INDEX, model_id).get("weight_map")
    if not isinstance(weight_map, dict) or not all(isinstance(value, str) for value in weight_map.values()):
        raise ModelBroken(model_id=model_id, reason=f"{trust.INDEX} has no map of weights")
    strange = sorted(set(weight_map.values()) - needed)
    if strange:
        error: type[PtmError] = ModelRefused if Path(strange[0]).name != strange[0] else ModelBroken
        raise error(model_id=model_id, reason=f"{trust.INDEX} names a file that is not in its folder ({strange[0][:60]})")


def _check_sizes(config: dict[str, Any], tensors: dict[str, Tensor], model_id: str) -> None:
    """Weights that are missing get allocated: a config may not declare a word table larger than everything in the files."""
    words = config.get("vocab_size") or 1
    width = config.get("embedding_size") or config.get("hidden_size") or config.get("n_embd") or config.get("dim") or 1
    there = sum(tensor.count for tensor in tensors.values())
    if words * width > there:
        raise ModelBroken(model_id=model_id, reason=f"config.json declares {words} × {width} word weights, the files hold {there} in all")
