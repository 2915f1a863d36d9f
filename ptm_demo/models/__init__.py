"""Models in memory: from a checked folder to a model that can be used, tuned, kept and merged. Never touches the network."""

from ptm_demo.models.cache import ModelCache
from ptm_demo.models.folder import check_folder, safe_config
from ptm_demo.models.load import fresh_modules, load_causal_lm, load_classifier, load_encoder, load_masked_lm
from ptm_demo.models.loaded import Kind, LoadedModel, count_parameters, model_bytes
from ptm_demo.models.lora import apply_lora, load_adapter, lora_targets, merged, modules_to_save, save_adapter

__all__ = [
    "Kind",
    "LoadedModel",
    "ModelCache",
    "apply_lora",
    "check_folder",
    "count_parameters",
    "fresh_modules",
    "load_adapter",
    "load_causal_lm",
    "load_classifier",
    "load_encoder",
    "load_masked_lm",
    "lora_targets",
    "merged",
    "model_bytes",
    "modules_to_save",
    "safe_config",
    "save_adapter",
]
