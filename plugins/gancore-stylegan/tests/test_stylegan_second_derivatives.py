"""Second derivatives of layers and networks, and the gradient of R1 and path length in every weight."""

import re

import pytest
import torch
from gancore_stylegan import (
    GrowingStyleGANDiscriminator,
    GrowingStyleGANSynthesis,
    LabeledStyleGAN2Discriminator,
    LabeledStyleGAN2Mapping,
    LabeledStyleGANDiscriminator,
    LabeledStyleGANMapping,
    PathLength,
    PlainStyleGAN2Discriminator,
    PlainStyleGAN2Synthesis,
    ResidualStyleGAN2Synthesis,
    RotationalStyleGAN3Synthesis,
    SkipStyleGAN2Discriminator,
    StyleGAN2Discriminator,
    StyleGAN2Mapping,
    StyleGAN2Synthesis,
    StyleGAN3Synthesis,
    StyleGANDiscriminator,
    StyleGANMapping,
    StyleGANSynthesis,
)
from gancore_stylegan.stylegan2.activated import (
    ActivatedConv2d,
    ActivatedDownConv2d,
    ActivatedLinear,
    DownShortcut,
)
from gancore_stylegan.stylegan2.modulated import StyledConv, StyledUpConv, ToRGB
from gancore_stylegan.stylegan2.synthesis import UpShortcut
from torch.autograd import gradgradcheck
from torch.func import functional_call

from gancore.component.randomness import seeded
from gancore.component.scored import Scored
from gancore.nn.adain import AdaIN
from gancore.nn.equalized import EqualizedConv2d, EqualizedDownConv2d, EqualizedLinear, EqualizedUpConv2d
from gancore.nn.minibatch_std import MinibatchStd
from gancore.standard.regularizers import R1

IMAGE = (2, 8, 8)
SMALL = {"image": IMAGE, "channels_base": 24, "channels_max": 3}
STYLED = {**SMALL, "code_width": 3}
MAPPED = {"code": (4, 3), "latent_width": 3, "width": 4, "layers": 2}
LABELS = torch.eye(3, dtype=torch.float64)[[0, 2]]
STEP = 1e-7


def loud(module):
    """Weights away from the special values at which they start."""
    torch.manual_seed(0)
    with torch.no_grad():
        for name, p in module.named_parameters():
            if name.endswith(("bias", "strength")):
                p.add_(0.3 * torch.randn_like(p))
    return module.double()


def normal(*shape):
    return torch.randn(shape, dtype=torch.float64, requires_grad=True)


def differentiates_twice(module, *inputs, fast=False):
    """In inputs and weights; what is drawn inside is drawn alike in each call."""
    names, weights = zip(*module.named_parameters(), strict=True) if list(module.parameters()) else ((), ())
    count = len(inputs)

    def call(*values):
        with seeded(0):
            return functional_call(module, dict(zip(names, values[count:], strict=True)), values[:count])

    leaves = [value.detach().clone().requires_grad_() for value in (*inputs, *weights)]
    assert gradgradcheck(call, leaves, atol=1e-4, rtol=1e-3, fast_mode=fast)


LAYERS = {
    "linear": (EqualizedLinear(3, 2, lr_multiplier=0.1), (2, 3)),
    "convolution": (EqualizedConv2d(2, 2), (1, 2, 3, 3)),
    "up": (EqualizedUpConv2d(2, 2), (1, 2, 3, 3)),
    "down": (EqualizedDownConv2d(2, 2), (1, 2, 4, 4)),
    "activated linear": (ActivatedLinear(3, 2), (2, 3)),
    "activated convolution": (ActivatedConv2d(2, 2), (1, 2, 3, 3)),
    "clamped convolution": (ActivatedConv2d(2, 2, clamp=0.5), (1, 2, 3, 3)),
    "activated down": (ActivatedDownConv2d(2, 2, (4, 4)), (1, 2, 4, 4)),
    "shortcut down": (DownShortcut(2, 2, (4, 4)), (1, 2, 4, 4)),
    "shortcut up": (UpShortcut(2, 2, (3, 3)), (1, 2, 3, 3)),
    "deviation": (MinibatchStd(2), (2, 2, 2, 2)),
    "styled": (StyledConv(2, 2, 3, (3, 3), "constant"), (1, 2, 3, 3), (2, 3)),
    "clamped styled": (StyledConv(2, 2, 3, (3, 3), "constant", 0.5), (1, 2, 3, 3), (2, 3)),
    "styled up": (StyledUpConv(2, 2, 3, (4, 4), "constant"), (1, 2, 2, 2), (2, 3)),
    "to image": (ToRGB(2, 2, 3), (2, 2, 2, 2), (2, 3)),
    "adain": (AdaIN(2, 3), (1, 2, 3, 3), (1, 3)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    layer, *shapes = LAYERS[name]
    differentiates_twice(loud(layer).eval(), *(normal(*shape) for shape in shapes))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(
    "cls", [StyleGANMapping, LabeledStyleGANMapping, StyleGAN2Mapping, LabeledStyleGAN2Mapping]
)
def test_mapping_networks(cls, training):
    """In training two codes are mixed."""
    part = loud(cls(**MAPPED, **({"classes": 3} if cls.conditional else {}), lr_multiplier=0.5)).train(
        training
    )
    differentiates_twice(part, normal(2, 3), *([LABELS] if cls.conditional else []))


GENERATORS = {
    "stylegan": lambda: StyleGANSynthesis(**STYLED),
    "stylegan-growing": lambda: GrowingStyleGANSynthesis(**STYLED),
    "stylegan2": lambda: StyleGAN2Synthesis(**STYLED),
    "stylegan2, clamped": lambda: StyleGAN2Synthesis(**STYLED, clamp=0.7),
    "stylegan2-plain": lambda: PlainStyleGAN2Synthesis(**STYLED),
    "stylegan2-residual": lambda: ResidualStyleGAN2Synthesis(**STYLED),
    "stylegan3-t": lambda: StyleGAN3Synthesis(**STYLED, layers=3),
    "stylegan3-r": lambda: RotationalStyleGAN3Synthesis(**STYLED, layers=3),
    "stylegan3-t, clamped": lambda: StyleGAN3Synthesis(**STYLED, layers=3, clamp=0.7),
}
LONG = ("stylegan3-t", "stylegan3-r", "stylegan3-t, clamped")
"""Whose path length takes seconds."""
JUDGES = {
    "stylegan": StyleGANDiscriminator,
    "stylegan-labels": LabeledStyleGANDiscriminator,
    "stylegan-growing": GrowingStyleGANDiscriminator,
    "stylegan2": StyleGAN2Discriminator,
    "stylegan2-labels": LabeledStyleGAN2Discriminator,
    "stylegan2-plain": PlainStyleGAN2Discriminator,
    "stylegan2-skip": SkipStyleGAN2Discriminator,
}


def judge(name):
    return loud(JUDGES[name](**SMALL, group=2, **({"classes": 3} if JUDGES[name].conditional else {})))


@pytest.mark.slow
@pytest.mark.parametrize("name", GENERATORS)
def test_generators(name):
    """In more detail than the contract kit, which checks second derivatives of all networks."""
    part = loud(GENERATORS[name]()).eval()
    differentiates_twice(part, normal(2, *part.code_shape), fast=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", JUDGES)
def test_discriminators(name):
    """In more detail than the contract kit, as above."""
    part = judge(name)
    differentiates_twice(part, normal(2, *IMAGE), *([LABELS] if part.conditional else []), fast=True)


def matches_differences(value, parameters, idle):
    """The gradient of `value()` in each parameter, beside a central difference along a random direction.

    The gradient is zero in those whose names match `idle`, and in no other.
    """
    for p in parameters.values():
        p.grad = None
    value().backward()
    for name, p in parameters.items():
        before, direction = p.detach().clone(), torch.randn_like(p)
        ends = []
        for step in (STEP, -STEP):
            p.data.copy_(before + step * direction)
            ends.append(value().item())
        p.data.copy_(before)
        expected = (ends[0] - ends[1]) / (2 * STEP)
        found = 0.0 if p.grad is None else float((p.grad * direction).sum())
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-7 * ends[0]), name
        assert bool(found) != bool(re.fullmatch(idle, name)), f"{name} has the gradient {found}"


@pytest.mark.parametrize("name", JUDGES)
def test_r1_in_the_weights_of_the_whole_discriminator(name):
    part, label = judge(name), [LABELS] if JUDGES[name].conditional else []
    image = torch.rand(2, *IMAGE, dtype=torch.float64) * 2 - 1

    def score(x):
        return part(x, *label)

    def penalty():
        real, fake = (Scored(lambda: image, score, gradient=True) for _ in range(2))
        return R1(gamma=10.0)(score, real, fake)

    # behind the standard deviation biases move no slope; layers of smaller sizes are at rest
    matches_differences(penalty, dict(part.named_parameters()), r"(conv|dense|score)\.bias|from_smaller.*")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in LONG else []) for name in GENERATORS]
)
def test_path_length_in_the_weights_of_generator_and_mapping(name):
    part = loud(GENERATORS[name]()).train()
    conditioner = loud(StyleGAN2Mapping(**{**MAPPED, "code": part.code_shape}, lr_multiplier=0.5)).train()
    latent, penalty = torch.randn(4, 3, dtype=torch.float64), PathLength()
    penalty.get_buffer("mean").fill_(0.3)

    def value():
        with seeded(0):
            fake = Scored(part, lambda image: image, code=lambda: conditioner(latent))
            return penalty(part, fake, fake)

    weights = {f"generator.{key}": p for key, p in part.named_parameters()}
    weights |= {f"conditioner.{key}": p for key, p in conditioner.named_parameters()}
    # colors are moved whatever w is; of a growing network layers of smaller sizes are at rest
    matches_differences(value, weights, r"generator\.(to_images?(\.\d+)?\.bias|to_smaller.*)")
