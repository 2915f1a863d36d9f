"""A classifier over the mean of a sentence encoder's token vectors: encoder → mean over real tokens → linear layer.

Sentence encoders (all-MiniLM, E5, …) were trained for that mean; the first token's vector, which transformers' stock
heads read, means less in them. Knows nothing of adapters, training or where weights come from.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers.modeling_outputs import SequenceClassifierOutput


def mean_pool(hidden: torch.Tensor, attention_mask: torch.Tensor | None) -> torch.Tensor:
    """Mean over real tokens: hidden [n, tokens, d], mask [n, tokens] (None = no padding) → [n, d]."""
    if attention_mask is None:
        return hidden.mean(dim=1)
    mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1.0)


class PooledClassifier(nn.Module):
    """encoder → mean pooling → linear. Called and answering like transformers' own sequence classifiers.

    Args:
        encoder: a transformers encoder whose output has `last_hidden_state` [n, tokens, d]; a pooler it has is dropped.
        classes: number of classes.
        generator: source of the head's first weights, N(0, 0.02²); the bias is 0.
    """

    base_model_prefix = "encoder"
    # PEFT asks for this; a model that does not say gets a hook that sends gradients into the frozen embeddings.
    is_gradient_checkpointing = False

    def __init__(self, encoder: nn.Module, classes: int, generator: torch.Generator | None = None) -> None:
        super().__init__()
        if getattr(encoder, "pooler", None) is not None:
            encoder.pooler = None  # not read by the mean, so it would only cost time and memory
        self.encoder = encoder
        self.config: Any = encoder.config
        self.classifier = nn.Linear(int(self.config.hidden_size), classes)
        with torch.no_grad():
            self.classifier.weight.normal_(0.0, 0.02, generator=generator)
            self.classifier.bias.zero_()

    @property
    def base_model(self) -> nn.Module:
        """The body without its head, under transformers' name for it."""
        return self.encoder

    def get_input_embeddings(self) -> nn.Module:
        found: nn.Module = self.encoder.get_input_embeddings()
        return found

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        return_dict: bool | None = None,
        **inputs: Any,
    ) -> SequenceClassifierOutput:
        """Logits [n, classes] of token ids [n, tokens] (or of `inputs_embeds`); with `labels` [n] the mean cross-entropy too."""
        given = {name: value for name, value in inputs.items() if value is not None}
        output = self.encoder(input_ids=input_ids, attention_mask=attention_mask, **given)
        logits = self.classifier(mean_pool(output.last_hidden_state, attention_mask))
        loss = None if labels is None else nn.functional.cross_entropy(logits, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits, hidden_states=output.hidden_states, attentions=output.attentions)
