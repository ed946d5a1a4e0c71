import math

import pytest
import torch
from gancore_stylegan import (
    LabeledStyleGANDiscriminator,
    LabeledStyleGANMapping,
    StyleGANDiscriminator,
    StyleGANMapping,
    StyleGANSynthesis,
)
from torch import nn
from torch.nn import functional

from gancore.component.randomness import Rows, own_rows, seeded
from gancore.component.specs import build, spec
from gancore.errors import FactError, FitError, SpecError
from gancore.nn.adain import AdaIN
from gancore.nn.equalized import EqualizedConv2d
from gancore.nn.noise import Noise
from gancore.nn.pyramid import channels

SMALL = {"channels_base": 64, "channels_max": 8}


def synthesis(image=(3, 16, 16), **options):
    return StyleGANSynthesis(image=image, code_width=5, **{**SMALL, **options})


def discriminator(image=(3, 16, 16), **options):
    return StyleGANDiscriminator(image=image, **{**SMALL, **options})


def mapping(code=(6, 5), **options):
    return StyleGANMapping(code=code, **{"latent_width": 4, "width": 7, "layers": 3, **options})


def parameters(module):
    return sum(p.numel() for p in module.parameters())


def test_parameters_at_1024_are_those_of_the_released_networks():
    """The released networks (26,219,627 and 23,087,249) keep the color layers of all nine sizes that they
    grew through; ours the last.
    """
    made, read = StyleGANSynthesis(image=(3, 1024, 1024)), StyleGANDiscriminator(image=(3, 1024, 1024))
    mapped = StyleGANMapping(code=made.code_shape)
    widths = [channels(stage, 8192, 512) for stage in range(1, 10)]
    assert widths == [512, 512, 512, 512, 256, 128, 64, 32, 16]
    assert made.code_shape == (18, 512)
    assert parameters(mapped) == 8 * (512 * 512 + 512)
    to_colors = sum(3 * width + 3 for width in widths[:-1])
    from_colors = sum(3 * width + width for width in widths[:-1])
    assert parameters(mapped) + parameters(made) + to_colors == 26_219_627
    assert parameters(read) + from_colors == 23_087_249


def test_layers_of_32():
    made, read = (
        StyleGANSynthesis(image=(3, 32, 32), channels_max=128),
        StyleGANDiscriminator(image=(3, 32, 32), channels_max=128),
    )
    assert made.code_shape == (8, 512)
    assert tuple(made.blocks[0].constant.shape) == (1, 128, 4, 4)
    assert [tuple(m.weight.shape) for m in made.modules() if isinstance(m, EqualizedConv2d)] == [
        (128, 128, 3, 3)
    ] * 7 + [(3, 128, 1, 1)]
    assert [tuple(m.weight.shape[:2]) for m in read.modules() if isinstance(m, EqualizedConv2d)] == (
        [(128, 3)] + [(128, 128)] * 6 + [(128, 129)]
    )
    assert tuple(read.dense.weight.shape) == (128, 128 * 16)


def test_it_starts_as_appendix_c_says():
    made, mapped = synthesis(), mapping()
    assert torch.equal(made.blocks[0].constant, torch.ones(1, 8, 4, 4))
    for layer in made.modules():
        if isinstance(layer, Noise):
            assert not layer.strength.any()
        if isinstance(layer, AdaIN):
            scale, bias = layer.style.bias.chunk(2)
            assert torch.equal(scale, torch.ones(len(scale))) and not bias.any()
    weights = torch.cat([layer.weight.flatten() for layer in mapped.dense])
    assert weights.std().item() == pytest.approx(100, rel=0.2)


@pytest.mark.parametrize("image", [(3, 16, 16), (1, 28, 28), (4, 24, 16), (2, 8, 40), (3, 4, 4)])
def test_sizes_and_channels(image):
    made, read = synthesis(image).eval(), discriminator(image).eval()
    images = made(torch.randn(2, *made.code_shape))
    assert images.shape == (2, *image) and images.dtype == torch.float32
    assert read(images).shape == (2,)


@pytest.mark.parametrize("cls", [StyleGANSynthesis, StyleGANDiscriminator])
@pytest.mark.parametrize("size", [(36, 36), (3, 3), (30, 32)])
def test_other_sizes_are_refused(cls, size):
    with pytest.raises(
        FactError,
        match=f"{cls.kind}/stylegan cannot have images of {size[0]}×{size[1]}: the shorter side must be",
    ):
        cls(image=(3, *size))


def test_a_block_is_the_paper_written_out():
    block = synthesis().double().blocks[1]
    with torch.no_grad():
        for p in block.parameters():
            p.normal_()
        block.first.noise.strength.zero_()
        block.second.noise.strength.zero_()
    x, w = torch.randn(2, 8, 4, 4).double(), torch.randn(2, 2, 5).double()
    binomial = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]).double() / 16

    def styled(y, layer, code):
        y = functional.instance_norm(functional.leaky_relu(y, 0.2), eps=1e-8)
        scale, bias = functional.linear(
            code, layer.adain.style.weight / math.sqrt(5), layer.adain.style.bias
        )[..., None, None].chunk(2, 1)
        return scale * y + bias

    y = functional.interpolate(x, scale_factor=2, mode="nearest")
    y = functional.conv2d(y, block.up.weight * math.sqrt(2 / 72), padding=1)
    y = functional.conv2d(y, binomial.expand(8, 1, 3, 3), block.bias, padding=1, groups=8)
    y = styled(y, block.first, w[0])
    y = styled(
        functional.conv2d(y, block.conv.weight * math.sqrt(2 / 72), block.conv.bias, padding=1),
        block.second,
        w[1],
    )
    assert torch.allclose(block(x, w[0], w[1]), y, atol=1e-5)


def test_a_discriminator_block_is_the_paper_written_out():
    block = discriminator().double().blocks[0]
    x = torch.randn(2, 8, 8, 8).double()
    binomial = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]).double() / 16
    y = functional.leaky_relu(functional.conv2d(x, block.conv.weight * math.sqrt(2 / 72), padding=1), 0.2)
    y = functional.conv2d(y, binomial.expand(8, 1, 3, 3), padding=1, groups=8)
    y = functional.leaky_relu(
        functional.avg_pool2d(functional.conv2d(y, block.down.weight * math.sqrt(2 / 72), padding=1), 2), 0.2
    )
    assert torch.allclose(block(x), y)


def test_each_layer_listens_to_its_own_code():
    made = synthesis((3, 8, 8)).eval()
    code = torch.randn(1, *made.code_shape)
    image = made(code)
    for layer in range(made.code_shape[0]):
        other = code.clone()
        other[:, layer] += 1
        assert not torch.allclose(made(other), image)


def test_noise_moves_the_image_once_it_has_a_strength():
    made = synthesis((3, 8, 8)).eval()
    code = torch.randn(1, *made.code_shape)
    assert torch.equal(made(code), made(code))
    nn.init.ones_(made.blocks[1].second.noise.strength)
    assert not torch.equal(made(code), made(code))


def test_without_mixing_all_layers_share_w():
    part = mapping().eval()
    latent = torch.randn(3, 4)
    code = part(latent)
    assert code.shape == (3, 6, 5)
    assert torch.equal(code, code[:, :1].expand_as(code))
    assert torch.allclose(part(10 * latent), code, atol=1e-5)
    x = latent / latent.square().mean(1, keepdim=True).sqrt()
    for layer in part.dense:
        x = functional.leaky_relu(
            x @ layer.weight.t() * 0.01 * math.sqrt(2 / x.shape[1]) + 0.01 * layer.bias, 0.2
        )
    assert torch.allclose(code[:, 0], x, atol=1e-5)


def test_mixing_takes_the_first_layers_of_one_code_and_the_rest_of_another():
    part = mapping(mixing=0.75)
    latent = torch.randn(4000, 4)
    first = part.mapped(latent)
    with seeded(3):
        code = part(latent)
    kept = (code == first[:, None]).all(-1)
    crossover = kept.sum(1)
    assert torch.equal(kept, torch.arange(6) < crossover[:, None])
    counts = torch.bincount(crossover, minlength=7) / 4000
    assert counts[0] == 0 and counts[6].item() == pytest.approx(0.25, abs=0.04)
    assert counts[1:6].tolist() == pytest.approx([0.15] * 5, abs=0.03)
    second = code[:, 5][crossover < 6]
    assert torch.equal(code[:, 4][crossover < 5], second[crossover[crossover < 6] < 5])


def test_mixed_codes_of_micro_batches_are_those_of_the_whole():
    part = mapping().double()
    latent = torch.randn(6, 4).double()
    with seeded(1):
        whole = part(latent)
    pieces = []
    for rows in (Rows(6, 0, 4), Rows(6, 4, 6)):
        with seeded(1), own_rows(rows):
            pieces.append(part(latent[rows.start : rows.stop]))
    assert torch.allclose(whole, torch.cat(pieces), atol=1e-12, rtol=0)


def test_the_mean_of_w_moves_in_training_when_settled():
    part = mapping(decay=0.9)
    latents = torch.randn(8, 4), torch.randn(4, 4)
    for latent in latents:
        part(latent)
    assert not part.mean.any()
    part.update_buffers()
    expected = part.mapped(torch.cat(latents)).mean(0)
    assert torch.allclose(part.mean, 0.1 * expected, atol=1e-6)
    part.seen.clear()
    part.eval()(latents[0])
    part.update_buffers()
    assert torch.allclose(part.mean, 0.1 * expected, atol=1e-6)


def test_truncation():
    part = mapping().eval()
    with torch.no_grad():
        part.mean.fill_(2.0)
    code = part(torch.randn(3, 4))
    assert torch.equal(part.truncate(code, 1.0), code)
    assert torch.equal(part.truncate(code, 0.0), torch.full_like(code, 2))
    half = part.truncate(code, 0.5, layers=2)
    assert torch.allclose(half[:, :2], 2 + 0.5 * (code[:, :2] - 2)) and torch.equal(half[:, 2:], code[:, 2:])


def test_a_generator_with_one_flat_code_is_served():
    part = mapping(code=(9,))
    assert part(torch.randn(3, 4)).shape == (3, 9)
    assert part.truncate(part(torch.randn(3, 4)), 0.0).shape == (3, 9)


def test_other_codes_are_refused():
    with pytest.raises(
        FitError, match=r"makes codes \(W,\) or \(L, W\), but the generator reads codes of shape \(3, 8, 8\)"
    ):
        mapping(code=(3, 8, 8))


def test_labels_change_code_and_score():
    mapped = LabeledStyleGANMapping(code=(6, 5), classes=3, latent_width=4, width=7, layers=2).eval()
    latent = torch.randn(1, 4).expand(3, 4)
    codes = mapped(latent, torch.arange(3))
    assert not torch.allclose(codes[0], codes[1]) and not torch.allclose(codes[1], codes[2])
    assert torch.allclose(mapped(latent, torch.eye(3)), codes, atol=1e-6)
    judged = LabeledStyleGANDiscriminator(image=(3, 8, 8), classes=3, group=1, **SMALL)
    images = torch.randn(1, 3, 8, 8).expand(3, 3, 8, 8)
    scores = judged(images, torch.arange(3))
    assert scores.unique().numel() == 3
    assert torch.allclose(judged(images, torch.eye(3)), scores)


@pytest.mark.parametrize(
    ("cls", "facts", "word"),
    [
        (LabeledStyleGANMapping, {"code": (6, 5)}, "conditioner"),
        (LabeledStyleGANDiscriminator, {"image": (3, 8, 8)}, "discriminator"),
    ],
)
def test_labels_are_asked_for(cls, facts, word):
    with pytest.raises(
        FactError,
        match=f"{word}/stylegan-labels: the data have no labels; give labeled data, or use {word}/stylegan",
    ):
        cls(classes=0, **facts)
    part = cls(classes=2, **facts)
    with pytest.raises(FitError, match=f"{word}/stylegan-labels reads labels, but got none"):
        part(torch.randn(2, *(part.latent_shape if word == "conditioner" else part.image)))


def test_score_of_a_group_sees_its_variety():
    read = discriminator(group=2)
    images = torch.randn(4, 3, 16, 16)
    scores = read(images)
    assert torch.allclose(read(images[:2]), scores[:2], atol=1e-5)
    assert not torch.allclose(read(images[:1]), scores[:1], atol=1e-5)


@pytest.mark.parametrize("part", [synthesis(), mapping(), discriminator()])
def test_spec_and_dtypes(part):
    again = build(spec(part, complete=True), part.kind)
    assert spec(again, complete=True) == spec(part, complete=True)
    given = torch.randn(
        2,
        *(
            part.latent_shape
            if part.kind == "conditioner"
            else part.code_shape
            if part.kind == "generator"
            else part.image
        ),
    )
    with torch.autocast("cpu", torch.bfloat16):
        low = part.eval()(given)
    full = part(given)
    assert low.dtype == full.dtype == torch.float32
    assert (low - full).abs().max() < 0.1 * full.abs().max() + 0.05
    assert part.double()(given.double()).dtype == torch.float64


@pytest.mark.parametrize(
    ("cls", "options", "text"),
    [
        (StyleGANMapping, {"mixing": 1.5}, "mixing must be a number from 0 to 1; got 1.5"),
        (StyleGANMapping, {"layers": 0}, "layers"),
        (StyleGANSynthesis, {"channels_max": 0}, "channels_max"),
        (StyleGANDiscriminator, {"group": -1}, "group"),
    ],
)
def test_options_out_of_range(cls, options, text):
    with pytest.raises((ValueError, SpecError), match=text):
        cls(**options)


def test_the_constant_starts_at_one_or_around_it():
    ones, spread = (
        StyleGANSynthesis(image=(3, 8, 8), code_width=4, channels_max=64, constant_spread=s)
        .blocks[0]
        .constant
        for s in (0.0, 0.5)
    )
    assert torch.equal(ones, torch.ones_like(ones))
    assert abs(float(spread.detach().mean()) - 1) < 0.1 and abs(float(spread.detach().std()) - 0.5) < 0.1
