"""Makes PEFT's LoRA layers cheap to train on a CPU, without changing what they compute or how they are saved.

PEFT runs a LoRA layer as five tensor operations and lets autograd remember all between them. Here the layer is one
autograd function: the adapter's product is added in place by the matrix product itself, and only the input and its
rank-r image are kept. Knows nothing of which model the layers sit in.
"""

from __future__ import annotations

import types
from typing import Any

import torch
from peft.tuners.lora import Linear as LoraLinear
from torch import nn


class LoraProduct(torch.autograd.Function):
    """y = x Wᵀ + b + s (x Aᵀ) Bᵀ, with gradients for x, A and B only: W and b are frozen.

    Shapes: x [..., in], W [out, in], b [out] or None, A [r, in], B [out, r], y [..., out].
    """

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, a: torch.Tensor, b: torch.Tensor,
                scale: float) -> torch.Tensor:  # fmt: skip
        rows = x.reshape(-1, x.shape[-1])
        low = rows @ a.t()
        out = rows @ weight.t() if bias is None else torch.addmm(bias, rows, weight.t())
        out.addmm_(low, b.t(), alpha=scale)
        ctx.save_for_backward(rows, weight, a, b, low)
        ctx.scale, ctx.shape = scale, x.shape
        return out.view(*x.shape[:-1], weight.shape[0])

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        rows, weight, a, b, low = ctx.saved_tensors
        grad = grads[0].reshape(-1, grads[0].shape[-1])
        low_grad = (grad @ b).mul_(ctx.scale)
        grad_x = None
        if ctx.needs_input_grad[0]:
            grad_x = torch.addmm(grad @ weight, low_grad, a).view(ctx.shape)
        return grad_x, None, None, low_grad.t() @ rows, (grad.t() @ low).mul_(ctx.scale), None


def speed_up(model: nn.Module) -> int:
    """Give every plain LoRA layer of `model` the fused product; returns how many were given it.

    A layer keeps PEFT's own way when it has dropout, several adapters, a variant such as DoRA, or is not fp32.
    `slow_down` takes it back.
    """
    count = 0
    for module in model.modules():
        if isinstance(module, LoraLinear) and _is_plain(module):
            module.forward = types.MethodType(_fused_forward, module)
            count += 1
    return count


def slow_down(model: nn.Module) -> None:
    """Give every LoRA layer PEFT's own forward again."""
    for module in model.modules():
        if isinstance(module, LoraLinear):
            module.__dict__.pop("forward", None)


def _is_plain(layer: LoraLinear) -> bool:
    if len(layer.active_adapters) != 1:
        return False
    name = layer.active_adapters[0]
    return (
        name in layer.lora_A
        and isinstance(layer.base_layer, nn.Linear)
        and isinstance(layer.lora_dropout[name], nn.Identity)
        and not getattr(layer, "lora_variant", {}).get(name)
        and not getattr(layer, "lora_bias", {}).get(name)
        and layer.base_layer.weight.dtype is torch.float32
        and layer.lora_A[name].weight.dtype is torch.float32
    )


def _fused_forward(self: Any, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
    if self.disable_adapters or self.merged or args or kwargs:
        return LoraLinear.forward(self, x, *args, **kwargs)
    name = self.active_adapters[0]
    base = self.base_layer
    return LoraProduct.apply(x, base.weight, base.bias, self.lora_A[name].weight, self.lora_B[name].weight, self.scaling[name])
