from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional

from gancore.nn.conditional_norm import ClassVectors, ConditionalBatchNorm2d
from gancore.nn.residual import ResidualBlock
from gancore.nn.spectral_norm import SpectralConv2d

UP, DOWN = nn.Upsample(scale_factor=2), nn.AvgPool2d(2)
BILINEAR = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)


def conv(x, layer, padding=0):
    return functional.conv2d(x, layer.weight, layer.bias, padding=padding)


def maps(*shape):
    return torch.randn(*shape).double()


@pytest.mark.parametrize("up", [UP, BILINEAR], ids=["nearest", "bilinear"])
def test_a_generators_block_is_the_papers(up):
    block = ResidualBlock(3, 5, norm=nn.BatchNorm2d, up=up).double()
    x = maps(4, 3, 6, 4)
    h = functional.batch_norm(x, None, None, training=True).relu()
    h = conv(up(h), block.conv1, 1)
    h = conv(functional.batch_norm(h, None, None, training=True).relu(), block.conv2, 1)
    assert torch.allclose(block(x), h + conv(up(x), block.shortcut))


@pytest.mark.parametrize("hidden", [None, 3])
def test_a_discriminators_block_is_the_papers(hidden):
    block = ResidualBlock(3, 5, hidden=hidden, down=DOWN).double()
    assert block.conv1.out_channels == (hidden or 5)
    x = maps(2, 3, 6, 4)
    h = conv(conv(x.relu(), block.conv1, 1).relu(), block.conv2, 1)
    assert torch.allclose(block(x), DOWN(h) + DOWN(conv(x, block.shortcut)))


def test_a_discriminators_first_block_reads_the_image_itself():
    block = ResidualBlock(3, 5, down=DOWN, norm=nn.BatchNorm2d, preactivation=False).double().eval()
    x = maps(2, 3, 6, 4)
    h = conv(block.norm2(conv(x, block.conv1, 1)).relu(), block.conv2, 1)
    assert block.norm1 is None
    assert torch.allclose(block(x), DOWN(h) + conv(DOWN(x), block.shortcut))


def test_where_nothing_changes_the_input_is_carried_as_it_is():
    block = ResidualBlock(4, 4).double()
    nn.init.zeros_(block.conv2.weight)
    nn.init.zeros_(block.conv2.bias)
    x = maps(2, 4, 3, 3)
    assert torch.equal(block(x), x)
    assert sum(p.numel() for p in block.parameters()) == 2 * (4 * 4 * 9 + 4)


def test_or_the_activated_input_is():
    block = ResidualBlock(4, 4, activated_shortcut=True).double()
    nn.init.zeros_(block.conv2.weight)
    nn.init.zeros_(block.conv2.bias)
    x = maps(2, 4, 3, 3)
    assert torch.equal(block(x), x.relu())


def test_conditions_reach_both_normalizations():
    norm = partial(ConditionalBatchNorm2d, affine=partial(ClassVectors, 3))
    block = ResidualBlock(2, 2, norm=norm, up=UP).double()
    x, label = maps(4, 2, 4, 4), torch.tensor([0, 1, 2, 1])
    before = block(x, label)
    for layer in (block.norm1, block.norm2):
        nn.init.normal_(layer.gain.weight)
        assert not torch.allclose(block(x, label), before)
        nn.init.zeros_(layer.gain.weight)
        assert torch.allclose(block(x, label), before)


def test_layers_and_activation_are_left_open():
    block = ResidualBlock(2, 4, conv=SpectralConv2d, activation=partial(nn.LeakyReLU, 0.1), down=DOWN)
    assert all(isinstance(layer, SpectralConv2d) for layer in (block.conv1, block.conv2, block.shortcut))
    assert block.activation.negative_slope == 0.1
    assert block(torch.randn(1, 2, 8, 6)).shape == (1, 4, 4, 3)


def test_it_is_twice_differentiable():
    block = ResidualBlock(1, 2, down=DOWN, activation=nn.Softplus).double()
    x = maps(1, 1, 4, 4).requires_grad_()
    assert torch.autograd.gradcheck(block, x) and torch.autograd.gradgradcheck(block, x)
