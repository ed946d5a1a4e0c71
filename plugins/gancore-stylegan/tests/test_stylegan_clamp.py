"""Bounds on what layers give, with large activations, beside plain functions of the same weights."""

import pytest
import torch
from gancore_stylegan import (
    LabeledStyleGAN2Discriminator,
    PlainStyleGAN2Discriminator,
    PlainStyleGAN2Synthesis,
    ResidualStyleGAN2Synthesis,
    RotationalStyleGAN3Synthesis,
    SkipStyleGAN2Discriminator,
    StyleGAN2Discriminator,
    StyleGAN2Synthesis,
    StyleGAN3Synthesis,
)
from stylegan_formulas import (
    alias_free_kernels,
    projected,
    stylegan2_image,
    stylegan2_scores,
    stylegan3_image,
)

from gancore.component.specs import build, spec

IMAGE = (3, 16, 16)
SMALL = {"image": IMAGE, "channels_base": 64, "channels_max": 6}
LABELS = torch.eye(3, dtype=torch.float64)[[0, 2, 1, 1]]

JUDGES = {
    "residual": StyleGAN2Discriminator,
    "skip": SkipStyleGAN2Discriminator,
    "plain": PlainStyleGAN2Discriminator,
}
PAINTERS = {
    "skip": StyleGAN2Synthesis,
    "plain": PlainStyleGAN2Synthesis,
    "residual": ResidualStyleGAN2Synthesis,
}


def large(part):
    """Biases, noise and colors far beyond what trained networks have, so that many values are clamped."""
    torch.manual_seed(2)
    with torch.no_grad():
        for name, p in part.named_parameters():
            if name.endswith(("bias", "strength")) and "affine" not in name and "style" not in name:
                p.normal_(0, 300)
            if (
                "to_image" in name
                and name.endswith("weight")
                and "affine" not in name
                and "style" not in name
            ):
                p.mul_(3)
    return part.double().eval()


def off(found, expected):
    return float((found - expected).detach().abs().max() / expected.detach().abs().max())


def is_where_it_was_released(cls, published, inputs, label=None, **options):
    """Equal to the formulas with a clamp of 256 and without any; the two are far apart."""
    bounded, free = (large(cls(**options, clamp=clamp)) for clamp in (256, 0.0))
    free.load_state_dict(bounded.state_dict())
    state = bounded.state_dict()
    given = (inputs,) if label is None else (inputs, label)
    assert off(bounded(*given), published(state, 256)) < 1e-6
    assert off(free(*given), published(state, float("inf"))) < 1e-6
    far = off(bounded(*given), free(*given))
    print(f"{bounded.qualified_name}: without the clamp off by {far:.2g}")
    assert far > 0.1


@pytest.mark.parametrize("kind", JUDGES)
def test_discriminators(kind):
    images = torch.rand(4, *IMAGE, dtype=torch.float64) * 400 - 200
    is_where_it_was_released(
        JUDGES[kind], lambda s, c: stylegan2_scores(s, images, kind, 2, c)[:, 0], images, group=2, **SMALL
    )


def test_the_layer_from_colors_at_the_smallest_size_is_free():
    """The released code leaves this one out; all others are bounded."""
    part = SkipStyleGAN2Discriminator(**SMALL, clamp=2)
    assert [layer.clamp for layer in (part.from_image, *part.from_images)] == [2, 2, 0]
    assert (
        not SkipStyleGAN2Discriminator(image=(3, 8, 8), channels_base=64, channels_max=6, clamp=2)
        .from_images[0]
        .clamp
    )


def test_a_discriminator_with_labels():
    images = torch.rand(4, *IMAGE, dtype=torch.float64) * 400 - 200
    options = {"classes": 3, "group": 2, **SMALL}

    def published(state, clamp):
        return projected(state, stylegan2_scores(state, images, "residual", 2, clamp), LABELS)

    is_where_it_was_released(LabeledStyleGAN2Discriminator, published, images, LABELS, **options)


@pytest.mark.parametrize("kind", PAINTERS)
def test_synthesis_networks(kind):
    code = torch.randn(3, 6, 5, dtype=torch.float64)
    options = {"code_width": 5, "noise": "constant", **SMALL}
    is_where_it_was_released(PAINTERS[kind], lambda s, c: stylegan2_image(s, code, kind, c), code, **options)


@pytest.mark.parametrize("cls", [StyleGAN3Synthesis, RotationalStyleGAN3Synthesis])
def test_alias_free_networks(cls):
    code, options = torch.randn(3, 6, 5, dtype=torch.float64), {"code_width": 5, "layers": 4, **SMALL}
    bands, kernels = alias_free_kernels(cls(**options))
    is_where_it_was_released(
        cls, lambda s, c: stylegan3_image(s, code, bands, kernels, clamp=c), code, **options
    )


@pytest.mark.parametrize(
    "cls", [*JUDGES.values(), *PAINTERS.values(), StyleGAN3Synthesis, RotationalStyleGAN3Synthesis]
)
def test_it_is_an_option_that_a_spec_keeps(cls):
    part = cls(**cls.examples[0], clamp=256)
    assert build(spec(part), cls.kind).clamp == 256 and cls(**cls.examples[0]).clamp == 0
    older = {name: value for name, value in spec(part).items() if name != "clamp"}
    assert build(older, cls.kind).clamp == 0
    with pytest.raises(ValueError, match="clamp must be a number from 0 to 1e\\+09; got -1"):
        cls(**cls.examples[0], clamp=-1)
