"""From a folder on this machine to a model in memory: always float32, safetensors only, no code but transformers' own.

Knows nothing of hubs or networks: it is given a `PulledModel`, whose folder is checked again before it is read.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoModel, AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForSequenceClassification, AutoTokenizer

from ptm_demo.architectures import ARCHITECTURES
from ptm_demo.errors import ModelBroken, WrongKindOfModel
from ptm_demo.hubs.base import PulledModel
from ptm_demo.models.folder import read_folder, safe_config
from ptm_demo.models.loaded import Kind, LoadedModel

# What transformers, tokenizers and safetensors raise on files they cannot read.
_FOREIGN = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    RuntimeError,
    ImportError,
    RecursionError,
    SafetensorError,
)
_AUTO = {"classifier": AutoModelForSequenceClassification, "encoder": AutoModel, "causal_lm": AutoModelForCausalLM,
         "masked_lm": AutoModelForMaskedLM}  # fmt: skip
# transformers replaces torch's initialisers for the time of a load, in the whole process.
_LOADING = threading.Lock()


def load_classifier(pulled: PulledModel, labels: Sequence[str], *, seed: int = 0) -> LoadedModel:
    """The model with a classification head of one output a label.

    A head that the checkpoint lacks is drawn from `seed`, so the same call gives the same weights. A checkpoint that was
    tuned for as many classes keeps its head.

    Args:
        labels: class names in the order of the logits; at least 2, all different.

    Raises:
        ModelRefused, ModelBroken: the folder may not or cannot be loaded.
    """
    names = {number: str(label) for number, label in enumerate(labels)}
    changes = {"num_labels": len(names), "id2label": names, "label2id": {label: number for number, label in names.items()},
               "problem_type": "single_label_classification", "use_cache": False}  # fmt: skip
    return _load(pulled, "classifier", changes, seed, tuple(names.values()))


def load_encoder(pulled: PulledModel, *, seed: int = 0) -> LoadedModel:
    """The bare model, whose output is one vector a token. A decoder is loaded too: it reads to the left only.

    Raises:
        ModelRefused, ModelBroken: the folder may not or cannot be loaded.
    """
    return _load(pulled, "encoder", {"use_cache": False}, seed)


def load_causal_lm(pulled: PulledModel) -> LoadedModel:
    """The model with its next-token head.

    Raises:
        WrongKindOfModel: it was not made to predict next tokens.
        ModelRefused, ModelBroken: the folder may not or cannot be loaded.
    """
    _want(pulled, "left", "predict the next token")
    return _load(pulled, "causal_lm", {}, 0)


def load_masked_lm(pulled: PulledModel) -> LoadedModel:
    """The model with its masked-token head.

    Raises:
        WrongKindOfModel: it was not made to predict masked tokens, or its head was not published.
        ModelRefused, ModelBroken: the folder may not or cannot be loaded.
    """
    _want(pulled, "both", "predict masked tokens")
    loaded = _load(pulled, "masked_lm", {}, 0)
    if loaded.fresh:
        raise WrongKindOfModel(model_id=pulled.model_id, task="predict masked tokens", found="sentence-encoder")
    return loaded


def _want(pulled: PulledModel, reads: str, task: str) -> None:
    model_type = safe_config(pulled.path, pulled.model_id).model_type
    if ARCHITECTURES[model_type].reads != reads:
        raise WrongKindOfModel(model_id=pulled.model_id, task=task, found=model_type)


def _load(pulled: PulledModel, kind: Kind, changes: dict[str, Any], seed: int, labels: tuple[str, ...] = ()) -> LoadedModel:
    read_folder(pulled.path, pulled.model_id)
    config = safe_config(pulled.path, pulled.model_id)
    for key, value in changes.items():
        if key != "use_cache" or hasattr(config, key):
            setattr(config, key, value)
    try:
        with _LOADING:
            tokenizer = AutoTokenizer.from_pretrained(pulled.path, config=config, local_files_only=True, trust_remote_code=False)
            model, report = _AUTO[kind].from_pretrained(
                pulled.path, config=config, dtype=torch.float32, use_safetensors=True, local_files_only=True, trust_remote_code=False,
                ignore_mismatched_sizes=True, output_loading_info=True)  # fmt: skip
    except _FOREIGN as error:
        raise ModelBroken(model_id=pulled.model_id, reason=f"transformers cannot read it ({_short(error, pulled)})") from error
    missing = {*report["missing_keys"], *(key if isinstance(key, str) else key[0] for key in report["mismatched_keys"])}
    fresh = fresh_modules(model, missing, pulled.model_id)
    _draw(model, missing, seed)
    _fit_tokenizer(tokenizer, model, kind, pulled.model_id)
    model.eval()
    return LoadedModel(model, tokenizer, pulled.model_id, pulled.revision, pulled.path, kind, pulled.text_prefix, labels, fresh)


def fresh_modules(model: Any, missing: Iterable[str], model_id: str = "") -> tuple[str, ...]:
    """Names of the modules that hold the given missing weights: "classifier", "bert.pooler", …

    Raises:
        ModelBroken: weights of the body itself are missing, so that the model would answer at random.
    """
    body = f"{model.base_model_prefix}."
    inside = model.base_model is model
    modules = set()
    for key in sorted(missing):
        part = key if inside else key.removeprefix(body)
        in_body = inside or part != key
        first = part.split(".")[0]
        if in_body and not first.startswith("pooler"):
            raise ModelBroken(model_id=model_id, reason=f"its files lack the weight {key}, or have it in another shape")
        modules.add(first if inside or not in_body else body + first)
    return tuple(sorted(modules))


def _draw(model: Any, names: Iterable[str], seed: int) -> None:
    """Draw the given weights from the seed alone, as the architectures do: normal matrices, biases 0, norms 1."""
    generator = torch.Generator().manual_seed(seed)
    parameters = dict(model.named_parameters())
    std = float(getattr(model.config, "initializer_range", 0.02) or 0.02)
    with torch.no_grad():
        for name in sorted(set(names) & parameters.keys()):
            weight = parameters[name]
            if weight.ndim > 1:
                weight.normal_(0.0, std, generator=generator)
            else:
                weight.fill_(0.0 if name.endswith("bias") else 1.0)


def _fit_tokenizer(tokenizer: Any, model: Any, kind: Kind, model_id: str) -> None:
    """Give the tokenizer a padding token and a true length, and the model the same padding id."""
    config = model.config
    words = model.get_input_embeddings().num_embeddings
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    if tokenizer.pad_token is None:
        raise ModelBroken(model_id=model_id, reason="its tokenizer has no token to fill up with")
    largest = max(tokenizer.get_vocab().values())
    if not 0 <= tokenizer.pad_token_id < words or (largest >= words and not _harmless(tokenizer, words)):
        raise ModelBroken(model_id=model_id, reason=f"its tokenizer has {largest + 1} tokens, the model {words}")
    if getattr(config, "pad_token_id", None) != tokenizer.pad_token_id:
        config.pad_token_id = tokenizer.pad_token_id
    if kind in {"classifier", "encoder"}:
        tokenizer.padding_side = "right"
    offset = ARCHITECTURES[config.model_type].position_offset
    positions = next((getattr(config, key) for key in ("max_position_embeddings", "n_positions") if getattr(config, key, None)), 1 << 20)
    tokenizer.model_max_length = max(1, min(int(tokenizer.model_max_length), positions - offset))


def _harmless(tokenizer: Any, words: int) -> bool:
    """Whether every token beyond the model's table is a special one that no text contains (such as an unused mask)."""
    used = {tokenizer.cls_token, tokenizer.sep_token, tokenizer.unk_token, tokenizer.bos_token, tokenizer.eos_token}
    unused = set(tokenizer.all_special_tokens) - used
    return all(token in unused for token, number in tokenizer.get_vocab().items() if number >= words)


def _short(error: BaseException, pulled: PulledModel) -> str:
    """The error's first line, without this machine's path: a stranger may read it."""
    lines = str(error).replace(str(pulled.path), pulled.model_id).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:160]}" if lines else type(error).__name__
