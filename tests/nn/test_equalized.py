import math

import pytest
import torch
from torch.nn import functional

from gancore.nn.equalized import EqualizedConv2d, EqualizedDownConv2d, EqualizedLinear, EqualizedUpConv2d


def test_he_scale_keeps_the_variance_through_a_leaky_relu():
    torch.manual_seed(0)
    y = EqualizedLinear(512, 4096)(torch.randn(8, 512))
    assert y.square().mean().item() == pytest.approx(2, rel=0.1)
    y = EqualizedConv2d(64, 256, gain=1)(torch.randn(2, 64, 8, 8))
    assert y[..., 1:-1, 1:-1].square().mean().item() == pytest.approx(1, rel=0.1)


def test_the_multiplier_changes_the_speed_and_not_the_start():
    torch.manual_seed(0)
    slow, fast = EqualizedLinear(8, 8, lr_multiplier=0.01, start=0.5), EqualizedLinear(8, 8, start=0.5)
    with torch.no_grad():
        slow.weight.copy_(fast.weight / 0.01)
    x = torch.randn(4, 8)
    assert torch.allclose(slow(x), fast(x), atol=1e-5)
    moved = []
    for layer in (slow, fast):
        before = layer(x).detach()
        optimizer = torch.optim.Adam(layer.parameters(), lr=1e-4)
        layer(x).sum().backward()
        optimizer.step()
        moved.append((layer(x) - before).abs().mean().item())
    assert moved[0] == pytest.approx(moved[1] / 100, rel=0.05)


@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_up_is_repeat_then_convolve(kernel):
    layer = EqualizedUpConv2d(3, 5, kernel).double()
    torch.nn.init.normal_(layer.bias)
    x = torch.randn(2, 3, 4, 6).double()
    whole = functional.interpolate(x, scale_factor=2, mode="nearest")
    expected = functional.conv2d(
        whole, layer.weight * math.sqrt(2 / (3 * kernel**2)), layer.bias, padding=kernel // 2
    )
    assert torch.allclose(layer(x), expected)


@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_down_is_convolve_then_average(kernel):
    layer = EqualizedDownConv2d(3, 5, kernel).double()
    torch.nn.init.normal_(layer.bias)
    x = torch.randn(2, 3, 4, 6).double()
    whole = functional.conv2d(
        x, layer.weight * math.sqrt(2 / (3 * kernel**2)), layer.bias, padding=kernel // 2
    )
    assert torch.allclose(layer(x), functional.avg_pool2d(whole, 2))


def test_the_multiplier_of_a_convolution():
    layer = EqualizedConv2d(2, 3, lr_multiplier=0.1).double()
    torch.nn.init.normal_(layer.bias)
    x = torch.randn(1, 2, 4, 4).double()
    expected = functional.conv2d(x, layer.weight * math.sqrt(2 / 18) * 0.1, layer.bias * 0.1, padding=1)
    assert torch.allclose(layer(x), expected)
