"""The critic: its layers, its patches and its dropout."""

import pytest
import torch
from gancore_nogan import NoGANDiscriminator
from gancore_nogan.discriminator import ChannelDropout
from torch import nn

from gancore.component.randomness import seeded
from gancore.errors import FitError
from gancore.nn.spectral_norm import SpectralConv2d

WIDTH = 8


def critic(**options):
    return NoGANDiscriminator(image=(3, 64, 64), **{"width": WIDTH, **options})


def parameters(width, blocks, channels=3):
    """Counted by hand: a convolution has outputs · (inputs · kernel² + 1) weights, the last one no bias;
    attention has queries and keys of an eighth of its channels, values of half, and a gate.
    """
    count = width * (channels * 16 + 1)
    for block in range(blocks):
        narrow = width * 2**block
        count += narrow * (narrow * 9 + 1) + 2 * narrow * (narrow * 16 + 1)
    wide, attended = width * 2**blocks, 2 * width
    attention = (2 * (attended // 8) + 2 * (attended // 2)) * attended + 1
    return count + wide * (wide * 9 + 1) + wide * 16 + (attention if blocks else 0)


@pytest.mark.parametrize("blocks", [0, 1, 3])
def test_its_parameters(blocks):
    found = sum(p.numel() for p in critic(blocks=blocks).parameters())
    assert found == parameters(WIDTH, blocks)


def test_the_published_size_has_94_million():
    # of the released layers: attention has as many there, with all channels as values and no last convolution
    assert parameters(256, 3) == 94_555_649
    assert (2 * 64 + 512) * 512 + 1 == (2 * 64 + 2 * 256) * 512 + 1


def test_a_score_for_each_patch():
    scores = critic()(torch.zeros(2, 3, 64, 64))
    assert scores.shape == (2, 1, 1, 1)
    larger = NoGANDiscriminator(image=(3, 96, 128), width=4)
    assert larger(torch.zeros(1, 3, 96, 128)).shape == (1, 1, 3, 5)  # sixteenths, and a kernel of 4


def test_every_convolution_is_normalized():
    convolutions = [layer for layer in critic().modules() if isinstance(layer, nn.Conv2d)]
    assert len(convolutions) == 1 + 3 * 2 + 4 + 1 + 1
    assert all(isinstance(layer, SpectralConv2d) for layer in convolutions)


def test_dropout_is_half_as_strong_at_first():
    found = [layer.p for layer in critic(dropout=0.3).modules() if isinstance(layer, ChannelDropout)]
    assert found == [0.15, 0.3, 0.3, 0.3]


def test_dropout_takes_whole_channels_and_keeps_the_mean():
    layer, ones = ChannelDropout(0.25), torch.ones(200, 50, 2, 3)
    with seeded(0):
        kept = layer(ones)
    assert kept.unique().tolist() == pytest.approx([0, 4 / 3])
    assert torch.equal(kept, kept[:, :, :1, :1].expand_as(kept))
    assert kept.mean().item() == pytest.approx(1, abs=0.02)
    assert torch.equal(layer.eval()(ones), ones)


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (
            (32, 64),
            "with 3 blocks needs images of at least 64 pixels a side; got 32×64: give blocks=2 or fewer",
        ),
        ((4, 4), "needs images of at least 64 pixels a side; got 4×4: give larger ones"),
    ],
)
def test_images_that_are_too_small(size, said):
    with pytest.raises(FitError, match=said):
        NoGANDiscriminator(image=(3, *size), width=4)
