"""LoRA on a model: where the adapters go, what is trained beside them, and how an adapter is kept, read back and merged.

Low-rank adaptation: Hu et al. 2021, arXiv 2106.09685. Knows nothing of data or of training loops.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from peft import LoraConfig, PeftModel, TaskType, get_peft_model
from transformers import AutoModelForSequenceClassification, PretrainedConfig
from transformers.pytorch_utils import Conv1D

from ptm_demo.architectures import ARCHITECTURES
from ptm_demo.errors import BadOption, ModelBroken, ModelRefused
from ptm_demo.models.folder import read_object
from ptm_demo.models.header import read_header
from ptm_demo.models.loaded import LoadedModel

ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
Choice = Literal["auto", "attention", "all-linear"]
_HEADS = ("classifier", "score")


def lora_targets(model: Any, choice: str | Sequence[str] = "attention", exclude: Sequence[str] = ()) -> list[str]:
    """Names of the modules that get an adapter.

    Args:
        model: the model, or its config (a model without weights is then built to look at).
        choice: "attention" for the query and value projections of the architecture's row in the table; "all-linear" for
            every linear layer of the body, by full name; "auto" means "attention", or "all-linear" for an architecture
            without a row; or names of one's own.
        exclude: modules that are trained in full and so get none, such as `LoadedModel.fresh`.

    Returns:
        a new list: PEFT changes the one it is given.

    Raises:
        BadOption: a name of one's own is no linear layer of this model.
    """
    if isinstance(model, PretrainedConfig):
        with torch.device("meta"):
            model = AutoModelForSequenceClassification.from_config(model)
    linear = _linear_names(model, exclude)
    if not isinstance(choice, str):
        unknown = [name for name in choice if not any(full == name or full.endswith(f".{name}") for full in linear)]
        if unknown or not choice:
            raise BadOption(option="target_modules", expected="names of linear layers of the model", found=", ".join(unknown) or "none")
        return list(choice)
    if choice == "all-linear":
        return linear
    if choice not in {"auto", "attention"}:
        raise BadOption(option="target_modules", expected='"auto", "attention", "all-linear" or names', found=choice)
    row = ARCHITECTURES.get(model.config.model_type)
    named = [name for name in row.attention if any(full.endswith(f".{name}") for full in linear)] if row else []
    return named or linear


def modules_to_save(model: Any, fresh: Sequence[str] = ()) -> list[str]:
    """Names of the modules that are trained in full and saved with the adapter: the head, and what the checkpoint lacked."""
    return sorted({*fresh, *(name for name in _HEADS if hasattr(model, name))})


def apply_lora(
    loaded: LoadedModel,
    *,
    r: int = 8,
    alpha: float = 16,
    dropout: float = 0.0,
    targets: str | Sequence[str] = "auto",
    save: Sequence[str] | None = None,
    seed: int = 0,
) -> PeftModel:
    """The model with fresh LoRA adapters; everything but the adapters and the modules to save is frozen.

    An adapter starts as no change at all: its second matrix is zero, its first is drawn from `seed`.

    Args:
        targets: see `lora_targets`.
        save: modules trained in full (default: `modules_to_save`).
    """
    model = loaded.model
    kept = list(save) if save is not None else modules_to_save(model, loaded.fresh)
    names = lora_targets(model, targets, kept)
    modules = dict(model.named_modules())
    fan_in_fan_out = any(isinstance(module, Conv1D) for name, module in modules.items() if _matches(name, names))
    config = LoraConfig(
        task_type=TaskType.SEQ_CLS if loaded.kind == "classifier" else None,
        r=r,
        lora_alpha=alpha,
        lora_dropout=dropout,
        target_modules=list(names),
        modules_to_save=list(kept) or None,
        bias="none",
        fan_in_fan_out=fan_in_fan_out,
    )
    tuned = get_peft_model(model, config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in sorted(tuned.named_parameters()):
            if ".lora_A." in name:
                bound = 1.0 / weight.shape[1] ** 0.5  # Kaiming uniform with a = √5, as PEFT draws it
                weight.uniform_(-bound, bound, generator=generator)
    return tuned


def save_adapter(tuned: PeftModel, folder: Path, *, model_id: str, revision: str) -> None:
    """Write the adapter and the modules saved with it: adapter_config.json and adapter_model.safetensors.

    The config names the base by id and revision, never by a path of this machine.
    """
    # save_embedding_layers=False: "auto" would ask the Hub whether the base's vocabulary has grown.
    tuned.save_pretrained(folder, safe_serialization=True, save_embedding_layers=False)
    path = folder / ADAPTER_CONFIG
    config = json.loads(path.read_text("utf-8"))
    config |= {"base_model_name_or_path": model_id, "revision": revision}
    path.write_text(json.dumps(config, indent=2, sort_keys=True), "utf-8")
    (folder / "README.md").unlink(missing_ok=True)  # PEFT's empty model card


def load_adapter(loaded: LoadedModel, folder: Path, *, trainable: bool = False) -> PeftModel:
    """Put a kept adapter onto a freshly loaded base.

    The base is the one that is given: what the adapter's config says of another one is not followed.

    Raises:
        ModelRefused: the adapter has pickled weights, is not LoRA, or asks for code.
        ModelBroken: its files cannot be read, or do not fit the base.
    """
    _check_adapter(folder)
    try:
        tuned = PeftModel.from_pretrained(loaded.model, str(folder), is_trainable=trainable, local_files_only=True, use_safetensors=True)
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        raise ModelBroken(model_id=folder.name, reason=f"the adapter does not fit {loaded.model_id} ({type(error).__name__})") from error
    tuned.eval()
    return tuned


def merged(tuned: PeftModel, *, keep: bool = True) -> Any:
    """A plain transformers model whose weights include the adapter, giving the same logits.

    Args:
        keep: leave `tuned` as it is and work on a copy (needs the memory of a second model).
    """
    return (copy.deepcopy(tuned) if keep else tuned).merge_and_unload()


def _check_adapter(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if ADAPTER_CONFIG not in names:
        raise ModelBroken(model_id=folder.name, reason=f"it has no {ADAPTER_CONFIG}")
    if ADAPTER_WEIGHTS not in names:
        raise ModelRefused(model_id=folder.name, reason="the adapter has no safetensors weights")
    for name in (ADAPTER_CONFIG, ADAPTER_WEIGHTS):
        if not (folder / name).resolve().is_relative_to(folder.resolve()):
            raise ModelRefused(model_id=folder.name, reason=f"{name} is a link to a file outside its folder")
    config = read_object(folder, ADAPTER_CONFIG, folder.name)
    if config.get("peft_type") != "LORA":
        raise ModelRefused(model_id=folder.name, reason=f"the adapter is not LoRA ({str(config.get('peft_type'))[:40]})")
    strange = [key for key in ("auto_mapping", "megatron_config", "corda_config", "eva_config", "lora_ga_config") if config.get(key)]
    if strange:
        raise ModelRefused(model_id=folder.name, reason=f"{ADAPTER_CONFIG} asks for code of its own ({strange[0]})")
    read_header(folder / ADAPTER_WEIGHTS, folder.name)


def _linear_names(model: Any, exclude: Sequence[str]) -> list[str]:
    """Full names of the linear layers of the model's body, but for those in `exclude`."""
    body = "" if model.base_model is model else f"{model.base_model_prefix}."
    names = [name for name, module in model.named_modules() if isinstance(module, torch.nn.Linear | Conv1D) and name.startswith(body)]
    return [name for name in names if not any(name == other or name.startswith(f"{other}.") for other in (*exclude, *_HEADS))]


def _matches(name: str, targets: Sequence[str]) -> bool:
    return any(name == target or name.endswith(f".{target}") for target in targets)
