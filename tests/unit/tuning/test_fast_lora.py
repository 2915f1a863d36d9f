from __future__ import annotations

import copy

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import nn

from ptm_demo.tuning.fast_lora import LoraProduct, slow_down, speed_up


def small(bias: bool = True, **options: object) -> nn.Module:
    torch.manual_seed(0)
    body = nn.Sequential(nn.Linear(6, 5, bias=bias), nn.GELU(), nn.Linear(5, 4, bias=bias))
    model = get_peft_model(body, LoraConfig(r=3, lora_alpha=7, target_modules=["0", "2"], **options))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_()
    return model


@pytest.mark.parametrize("bias", [True, False])
def test_answers_and_gradients_equal_pefts_own(bias: bool) -> None:
    slow = small(bias)
    fast = copy.deepcopy(slow)
    assert speed_up(fast) == 2
    x = torch.randn(3, 7, 6)
    y_slow, y_fast = slow(x), fast(x)
    assert torch.allclose(y_slow, y_fast, atol=1e-6)
    y_slow.square().sum().backward()
    y_fast.square().sum().backward()
    trained = [(a, b) for a, b in zip(slow.parameters(), fast.parameters(), strict=True) if a.requires_grad]
    assert len(trained) == 4
    for one, two in trained:
        assert torch.allclose(one.grad, two.grad, rtol=1e-4, atol=1e-5)
    slow_down(fast)
    assert torch.equal(fast(x), y_slow)


def test_gradients_equal_finite_differences() -> None:
    random = torch.Generator().manual_seed(0)

    def draw(*shape: int, grad: bool = False) -> torch.Tensor:
        return torch.randn(*shape, dtype=torch.float64, generator=random).requires_grad_(grad)

    x, a, b = draw(2, 3, 4, grad=True), draw(2, 4, grad=True), draw(5, 2, grad=True)
    weight, bias = draw(5, 4), draw(5)
    assert torch.autograd.gradcheck(lambda x, a, b: LoraProduct.apply(x, weight, bias, a, b, 0.7), (x, a, b))


def test_layers_with_dropout_or_dora_keep_pefts_way() -> None:
    assert speed_up(small(lora_dropout=0.1)) == 0
    assert speed_up(small(use_dora=True)) == 0


def test_disabled_and_merged_adapters_are_respected() -> None:
    model = small()
    speed_up(model)
    x = torch.randn(2, 6)
    tuned = model(x)
    with model.disable_adapter():
        plain = model(x)
    assert not torch.allclose(tuned, plain)
    merged = model.merge_and_unload()
    assert torch.allclose(merged(x), tuned, atol=1e-5)
