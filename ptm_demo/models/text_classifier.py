"""Loads a pretrained model as the base of a text classifier: a pooled head for sentence encoders, the stock head for the rest.

Knows nothing of training, runs or networks; it is given a folder.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import save_file

from ptm_demo.architectures import ARCHITECTURES
from ptm_demo.hubs.base import PulledModel
from ptm_demo.models.folder import safe_config
from ptm_demo.models.load import load_classifier, load_encoder
from ptm_demo.models.loaded import LoadedModel
from ptm_demo.models.pooled import PooledClassifier

Pooling = Literal["mean", "stock"]
HEAD_FILE = "head.safetensors"


def pooling_for(path: Path, model_id: str = "") -> Pooling:
    """How token vectors become one: "mean" for sentence encoders, "stock" for transformers' own heads.

    A folder is a sentence encoder's when it says so (sentence-transformers' `1_Pooling`), or when its checkpoint is a bare
    encoder that reads both ways, without any head: masked LMs and classifiers are published with theirs.
    """
    said = path / "1_Pooling" / "config.json"
    if said.is_file():
        return "mean" if json.loads(said.read_text("utf-8")).get("pooling_mode_mean_tokens") else "stock"
    config = safe_config(path, model_id)
    bare = [name.endswith("Model") for name in config.architectures or []]
    return "mean" if bare and all(bare) and ARCHITECTURES[config.model_type].reads == "both" else "stock"


def load_text_classifier(pulled: PulledModel, labels: Sequence[str], *, seed: int = 0) -> LoadedModel:
    """The pretrained body with a fresh head for `labels`, in fp32 and evaluation mode; `seed` decides the head.

    Raises:
        ModelError: the folder is refused, broken, or of a kind that cannot classify.
    """
    if pooling_for(pulled.path, pulled.model_id) == "stock":
        return load_classifier(pulled, labels, seed=seed)
    body = load_encoder(pulled)
    names = {number: str(label) for number, label in enumerate(labels)}
    body.model.config.id2label = names
    body.model.config.label2id = {label: number for number, label in names.items()}
    model = PooledClassifier(body.model, len(names), torch.Generator().manual_seed(seed)).eval()
    return replace(body, model=model, kind="classifier", labels=tuple(names.values()), fresh=("classifier",))


def save_merged(loaded: LoadedModel, folder: Path) -> None:
    """Write a merged classifier (no adapters left on it) as safetensors with its tokenizer.

    With the stock head it is a folder for `AutoModelForSequenceClassification`. A pooled one is a folder for `AutoModel`,
    with the head's two tensors beside it in head.safetensors and a README.md that says how to put them together.
    """
    model = loaded.model
    if isinstance(model, PooledClassifier):
        model.encoder.save_pretrained(folder)
        head = {name: tensor.detach().contiguous() for name, tensor in model.classifier.state_dict().items()}
        save_file(head, folder / HEAD_FILE, metadata={"format": "pt"})
        (folder / "README.md").write_text(_README.replace("PREFIX", json.dumps(loaded.text_prefix)), "utf-8")
    else:
        model.save_pretrained(folder)
    loaded.tokenizer.save_pretrained(folder)


_README = """# A text classifier: encoder, mean over tokens, linear layer

```python
import torch
from safetensors.torch import load_file
from transformers import AutoModel, AutoTokenizer

folder = "."
tokenizer = AutoTokenizer.from_pretrained(folder)
encoder = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
head = load_file(f"{folder}/head.safetensors")

texts = ["a first text", "a second, longer text"]
inputs = tokenizer([PREFIX + text for text in texts], padding=True, truncation=True, return_tensors="pt")
with torch.no_grad():
    hidden = encoder(**inputs).last_hidden_state
    mask = inputs["attention_mask"].unsqueeze(-1)
    mean = (hidden * mask).sum(1) / mask.sum(1)
    probabilities = (mean @ head["weight"].T + head["bias"]).softmax(-1)
for text, row in zip(texts, probabilities):
    print(text, {encoder.config.id2label[i]: round(float(p), 4) for i, p in enumerate(row)})
```
"""
