import math

import pytest
import torch
from gancore_stylegan import (
    LabeledStyleGAN2Discriminator,
    LabeledStyleGAN2Mapping,
    PlainStyleGAN2Discriminator,
    PlainStyleGAN2Synthesis,
    ResidualStyleGAN2Synthesis,
    SkipStyleGAN2Discriminator,
    StyleGAN2Discriminator,
    StyleGAN2Synthesis,
    StyleGANMapping,
)
from gancore_stylegan.stylegan2.modulated import StyledConv, StyledUpConv, ToRGB
from torch.nn import functional

from gancore.component.randomness import seeded
from gancore.errors import FactError, FitError

SMALL = {"channels_base": 64, "channels_max": 8}
GENERATORS = [StyleGAN2Synthesis, PlainStyleGAN2Synthesis, ResidualStyleGAN2Synthesis]
DISCRIMINATORS = [StyleGAN2Discriminator, PlainStyleGAN2Discriminator, SkipStyleGAN2Discriminator]


def parameters(part):
    return sum(p.numel() for p in part.parameters())


def loud(module):
    with torch.no_grad():
        for name, p in module.named_parameters():
            if "strength" in name or "bias" in name:
                p.add_(0.3 * torch.randn_like(p))
    return module


@pytest.mark.parametrize(
    ("size", "base", "synthesis", "discriminator"),
    [
        (64, 16384, 21_718_296, 23_407_361),
        (256, 16384, 22_666_210, 24_001_089),
        (1024, 32768, 28_268_812, 29_012_513),
    ],
)
def test_parameters_are_those_of_the_released_networks(size, base, synthesis, discriminator):
    made = StyleGAN2Synthesis(image=(3, size, size), channels_base=base)
    assert parameters(made) == synthesis
    assert parameters(StyleGAN2Discriminator(image=(3, size, size), channels_base=base)) == discriminator
    assert made.code_shape == (2 * int(math.log2(size)) - 2, 512)


def test_parameters_of_the_mapping_network():
    assert parameters(StyleGANMapping(code=(10, 512))) == 2_101_248


@pytest.mark.parametrize("image", [(3, 16, 16), (1, 28, 28), (4, 24, 16), (2, 8, 40), (3, 4, 4), (3, 48, 48)])
@pytest.mark.parametrize("kind", range(3))
def test_any_channels_and_sizes(image, kind):
    made, read = (
        GENERATORS[kind](image=image, code_width=5, **SMALL),
        DISCRIMINATORS[kind](image=image, **SMALL),
    )
    images = made(torch.randn(2, *made.code_shape))
    assert images.shape == (2, *image) and images.dtype == torch.float32
    assert read(images).shape == (2,)


def test_a_size_that_cannot_be_made():
    with pytest.raises(FactError, match="cannot have images of 30×22"):
        StyleGAN2Synthesis(image=(3, 30, 22))
    with pytest.raises(FactError, match="cannot have images of 30×22"):
        StyleGAN2Discriminator(image=(3, 30, 22))


def modulated(weight, style):
    """Equations 1 and 3, one kernel for each sample."""
    scaled = weight[None] * style[:, None, :, None, None]
    return scaled / (scaled.square().sum((2, 3, 4), keepdim=True) + 1e-8).sqrt()


@pytest.mark.parametrize("cls", [StyledConv, StyledUpConv])
def test_a_styled_convolution_is_equations_1_and_3(cls):
    torch.manual_seed(0)
    layer = loud(cls(3, 4, 5, (8, 6), "constant")).double().eval()
    up = cls is StyledUpConv
    x, w = (
        torch.randn(2, 3, *((4, 3) if up else (8, 6)), dtype=torch.float64),
        torch.randn(2, 5, dtype=torch.float64),
    )
    if up:
        spread = x.new_zeros(2, 3, 8, 6)
        spread[:, :, ::2, ::2] = x
        row = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=torch.float64) / 4
        kernel = (row[:, None] * row).expand(4, 1, 4, 4)
    rows = []
    for i, weight in enumerate(modulated(layer.weight, layer.style(w))):
        if up:
            y = functional.conv2d(functional.pad(spread[i : i + 1], (2, 2, 2, 2)), weight.flip(2, 3))
            y = functional.conv2d(functional.pad(y, (1, 0, 1, 0)), kernel, groups=4)
        else:
            y = functional.conv2d(x[i : i + 1], weight, padding=1)
        rows.append(y)
    y = torch.cat(rows) + layer.noise.strength * layer.noise.constant + layer.bias[:, None, None]
    assert torch.allclose(layer(x, w), math.sqrt(2) * functional.leaky_relu(y, 0.2), atol=1e-8)


def test_the_layer_to_colors_modulates_alone():
    torch.manual_seed(0)
    layer = loud(ToRGB(4, 3, 5))
    x, w = torch.randn(2, 4, 3, 2), torch.randn(2, 5)
    expected = (
        torch.einsum("oi,ni,nihw->nohw", layer.weight[:, :, 0, 0], layer.style(w) / 2, x)
        + layer.bias[:, None, None]
    )
    assert torch.allclose(layer(x, w), expected, atol=1e-5)


def test_noise_outside_of_training():
    image, code = (3, 8, 8), torch.randn(2, 4, 5)
    kinds = {
        kind: loud(StyleGAN2Synthesis(image=image, code_width=5, noise=kind, **SMALL)).eval()
        for kind in ("random", "constant", "none")
    }
    for part in kinds.values():
        part.load_state_dict(kinds["random"].state_dict())

    def twice(part):
        with seeded(0):
            return part(code), part(code)

    assert not torch.allclose(*twice(kinds["random"]))
    assert torch.equal(*twice(kinds["constant"])) and torch.equal(*twice(kinds["none"]))
    assert not torch.allclose(kinds["constant"](code), kinds["none"](code))
    assert not torch.allclose(*twice(kinds["none"].train()))


@pytest.mark.parametrize("cls", [*GENERATORS, *DISCRIMINATORS])
def test_signals_keep_their_size(cls):
    torch.manual_seed(0)
    if cls in GENERATORS:
        part = cls(image=(3, 32, 32), code_width=16, channels_base=1024, channels_max=32)
        made = part(torch.randn(16, 1, 16).expand(-1, part.code_shape[0], -1))
    else:
        smooth = functional.interpolate(torch.randn(16, 3, 2, 2), size=(32, 32), mode="bilinear")
        made = cls(image=(3, 32, 32), channels_base=1024, channels_max=32).smallest(smooth)
    assert 0.2 < made.square().mean().sqrt() < 5


def test_labels_steer_the_code_and_the_score():
    torch.manual_seed(0)
    mapping = LabeledStyleGAN2Mapping(code=(4, 6), classes=3, latent_width=5, width=7, layers=2).eval()
    latent, label = torch.randn(4, 5), torch.tensor([0, 1, 2, 0])
    code = mapping(latent, label)
    assert code.shape == (4, 4, 6)
    assert torch.allclose(mapping(latent, functional.one_hot(label, 3).float()), code, atol=1e-6)
    assert not torch.allclose(mapping(latent, (label + 1) % 3), code, atol=1e-3)
    read = mapping.read(latent, label)
    assert torch.allclose(read.square().mean(1), torch.ones(4), atol=1e-5)
    discriminator = LabeledStyleGAN2Discriminator(image=(3, 8, 8), classes=3, **SMALL)
    features = discriminator.forward_features(torch.randn(4, 3, 8, 8))
    mapped = discriminator.mapped(functional.one_hot(label, 3).float())
    expected = (discriminator.score(features) * mapped).sum(1) / math.sqrt(discriminator.outputs)
    assert torch.allclose(discriminator.forward_head(features, label), expected, atol=1e-6)


def test_labels_that_are_missing():
    mapping = LabeledStyleGAN2Mapping(code=(4, 6), classes=3, latent_width=5)
    with pytest.raises(FitError, match="conditioner/stylegan2-labels reads labels, but got none"):
        mapping(torch.randn(2, 5))
    with pytest.raises(FactError, match="the data have no labels"):
        LabeledStyleGAN2Mapping(code=(4, 6), classes=0)
    discriminator = LabeledStyleGAN2Discriminator(image=(3, 8, 8), classes=3, **SMALL)
    with pytest.raises(FitError, match="discriminator/stylegan2-labels reads labels, but got none"):
        discriminator(torch.randn(2, 3, 8, 8))
    with pytest.raises(FactError, match="the data have no labels"):
        LabeledStyleGAN2Discriminator(image=(3, 8, 8), classes=0)
