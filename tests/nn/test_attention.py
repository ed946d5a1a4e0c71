import pytest
import torch
from torch import nn

from gancore.nn.attention import SelfAttention
from gancore.nn.spectral_norm import SpectralConv2d


def opened(*given, **how):
    layer = SelfAttention(*given, **how).double()
    nn.init.constant_(layer.gate, 0.7)
    return layer


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("pool", [1, 2])
def test_it_is_equations_1_to_3(pool, layout):
    layer = opened(8, keys=3, pool=pool)
    x = torch.randn(2, 8, 4, 6).double().contiguous(memory_format=layout)
    expected = x.clone()
    for i in range(2):
        pooled = nn.MaxPool2d(pool)
        f, g, h = layer.query(x)[i], pooled(layer.key(x))[i], pooled(layer.value(x))[i]
        for row in range(4):
            for column in range(6):
                s = torch.einsum("c,cij->ij", f[:, row, column], g)
                beta = s.exp() / s.exp().sum()
                o = torch.einsum("ij,cij->c", beta, h)
                expected[i, :, row, column] += 0.7 * layer.out.weight[:, :, 0, 0] @ o
    assert torch.allclose(layer(x), expected)


def test_the_gate_is_closed_at_first():
    x = torch.randn(2, 16, 6, 6)
    layer = SelfAttention(16)
    assert torch.equal(layer(x), x)
    layer(x).square().sum().backward()
    assert layer.gate.grad.abs() > 0  # and learns to open


def test_widths_are_those_of_the_released_code():
    layer = SelfAttention(64)
    shapes = [tuple(getattr(layer, name).weight.shape[:2]) for name in ("query", "key", "value", "out")]
    assert shapes == [(8, 64), (8, 64), (32, 64), (64, 32)]
    assert all(p.dim() == 4 for name, p in layer.named_parameters() if name != "gate")
    assert SelfAttention(4)(torch.randn(1, 4, 5, 7)).shape == (1, 4, 5, 7)


def test_the_convolutions_are_left_open():
    layer = SelfAttention(8, conv=SpectralConv2d)
    assert sum(isinstance(child, SpectralConv2d) for child in layer.children()) == 4


def test_places_may_change_order():
    """Attention knows no neighbors: with no pooling, permuted places give permuted results."""
    layer = opened(8, pool=1)
    x, order = torch.randn(1, 8, 3, 4).double(), torch.randperm(12)
    permuted = x.flatten(2)[:, :, order].reshape(x.shape)
    assert torch.allclose(layer(permuted).flatten(2), layer(x).flatten(2)[:, :, order])


def test_it_is_twice_differentiable_and_works_under_autocast():
    layer = opened(2, keys=1, values=2)
    x = torch.randn(1, 2, 4, 4).double().requires_grad_()
    assert torch.autograd.gradcheck(layer, x) and torch.autograd.gradgradcheck(layer, x)
    layer, x = layer.float(), torch.randn(2, 2, 8, 8)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.allclose(layer(x).float(), layer.float()(x.float()), atol=0.05)
        assert layer(x.bfloat16()).dtype == torch.bfloat16
