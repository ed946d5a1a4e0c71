"""What one step of Adam does to each network, beside that step in the published parametrization.

Adam divides out the size of a gradient, so a constant that is folded into a weight changes how fast the
network learns, though not what it computes. Before the step both make the same outputs; after it they must
again.
"""

import math

import pytest
import torch
from gancore_stylegan import (
    GrowingStyleGANDiscriminator,
    GrowingStyleGANMapping,
    GrowingStyleGANSynthesis,
    LabeledStyleGAN2Discriminator,
    LabeledStyleGAN2Mapping,
    LabeledStyleGANDiscriminator,
    LabeledStyleGANMapping,
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
from stylegan_formulas import (
    alias_free_kernels,
    joined,
    mapping,
    normalized,
    projected,
    stylegan2_image,
    stylegan2_scores,
    stylegan3_image,
    stylegan_image,
    stylegan_scores,
)

from gancore.component.randomness import normal, seeded
from gancore.component.weights import load_state
from gancore.errors import CheckpointError

RATE = 0.02
IMAGE = (3, 8, 8)
SMALL = {"image": IMAGE, "channels_base": 64, "channels_max": 6}
STYLED = {**SMALL, "code_width": 5}
MAPPED = {"code": (4, 5), "latent_width": 4, "width": 6, "layers": 3, "mixing": 0.0}
LABELS = torch.tensor([[1.0, 0, 0], [0, 0, 1.0], [0, 0.5, 0.5], [1.0, 0, 0]], dtype=torch.float64)


def noise(x):
    """What `gancore.nn.noise` draws, in the same order."""
    return normal(len(x), 1, *x.shape[2:], like=x)


def latents():
    return torch.randn(4, 4, dtype=torch.float64)


def images():
    return torch.rand(4, *IMAGE, dtype=torch.float64) * 2 - 1


def alias_free(part):
    """The published function of one of StyleGAN3's networks."""
    bands, kernels = alias_free_kernels(part)
    return lambda state, code: stylegan3_image(state, code, bands, kernels)


def stylegan_inputs(state, z):
    return normalized(torch.cat([z, LABELS @ state["embedding"]], 1))


def flat(w):
    return w[:, None].expand(-1, 4, -1)


MAPPINGS = {
    "stylegan": (
        StyleGANMapping(**MAPPED),
        lambda s, z: flat(mapping(s, normalized(z), 0.01, gain_after=False)),
    ),
    "stylegan-labels": (
        LabeledStyleGANMapping(classes=3, **MAPPED),
        lambda s, z: flat(mapping(s, stylegan_inputs(s, z), 0.01, gain_after=False)),
    ),
    "stylegan-growing": (
        GrowingStyleGANMapping(**MAPPED),
        lambda s, z: flat(mapping(s, normalized(z), 0.01, gain_after=False)),
    ),
    "stylegan2": (
        StyleGAN2Mapping(**MAPPED),
        lambda s, z: flat(mapping(s, normalized(z), 0.01, gain_after=True)),
    ),
    "stylegan2-labels": (
        LabeledStyleGAN2Mapping(classes=3, **MAPPED),
        lambda s, z: flat(mapping(s, joined(s, z, LABELS), 0.01, gain_after=True)),
    ),
    "stylegan3": (
        StyleGAN2Mapping(**MAPPED, lr_multiplier=0.1),
        lambda s, z: flat(mapping(s, normalized(z), 0.1, gain_after=True)),
    ),
}
GENERATORS = {
    "stylegan": (StyleGANSynthesis(**STYLED), lambda s, code: stylegan_image(s, code, noise)),
    "stylegan-growing": (GrowingStyleGANSynthesis(**STYLED), lambda s, code: stylegan_image(s, code, noise)),
    "stylegan2": (
        StyleGAN2Synthesis(**STYLED, noise="constant"),
        lambda s, code: stylegan2_image(s, code, "skip"),
    ),
    "stylegan2-plain": (
        PlainStyleGAN2Synthesis(**STYLED, noise="constant"),
        lambda s, code: stylegan2_image(s, code, "plain"),
    ),
    "stylegan2-residual": (
        ResidualStyleGAN2Synthesis(**STYLED, noise="constant"),
        lambda s, code: stylegan2_image(s, code, "residual"),
    ),
    "stylegan3-t": (made := StyleGAN3Synthesis(**STYLED, layers=3), alias_free(made)),
    "stylegan3-r": (made := RotationalStyleGAN3Synthesis(**STYLED, layers=3), alias_free(made)),
}
JUDGES = {
    "stylegan": (StyleGANDiscriminator(**SMALL, group=2), lambda s, x: stylegan_scores(s, x, 2)[:, 0]),
    "stylegan-growing": (
        GrowingStyleGANDiscriminator(**SMALL, group=2),
        lambda s, x: stylegan_scores(s, x, 2)[:, 0],
    ),
    "stylegan-labels": (
        LabeledStyleGANDiscriminator(**SMALL, group=2, classes=3),
        lambda s, x: (stylegan_scores(s, x, 2) * LABELS).sum(1),
    ),
    "stylegan2": (
        StyleGAN2Discriminator(**SMALL, group=2),
        lambda s, x: stylegan2_scores(s, x, "residual", 2)[:, 0],
    ),
    "stylegan2-skip": (
        SkipStyleGAN2Discriminator(**SMALL, group=2),
        lambda s, x: stylegan2_scores(s, x, "skip", 2)[:, 0],
    ),
    "stylegan2-plain": (
        PlainStyleGAN2Discriminator(**SMALL, group=2),
        lambda s, x: stylegan2_scores(s, x, "plain", 2)[:, 0],
    ),
    "stylegan2-labels": (
        LabeledStyleGAN2Discriminator(**SMALL, group=2, classes=3),
        lambda s, x: projected(s, stylegan2_scores(s, x, "residual", 2), LABELS),
    ),
}


def loud(part):
    """Weights away from the special values at which they start, in the size that each has there."""
    torch.manual_seed(1)
    with torch.no_grad():
        for name, p in part.named_parameters():
            if name.endswith(("bias", "strength")):
                p.add_(
                    0.3
                    * torch.randn_like(p)
                    / (0.01 if "dense" in name and part.kind == "conditioner" else 1)
                )
    return part.double().eval()


def moved(values, loss):
    """The values after one step of the published optimizer down the loss."""
    optimizer = torch.optim.Adam(values, lr=RATE, betas=(0.0, 0.99), eps=1e-8)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def steps_are_equal(part, published, inputs, *label):
    """Both take one step from the same weights, and make the same outputs before and after it."""
    loud(part)
    state = {name: value.clone() for name, value in part.state_dict().items()}
    leaves = {name: state[name].requires_grad_() for name, _ in part.named_parameters()}

    def ours():
        with seeded(3):
            return part(inputs, *label)

    def theirs():
        with seeded(3):
            return published(state, inputs)

    first = ours()
    assert torch.allclose(first, theirs(), rtol=0, atol=1e-6)
    direction = torch.randn_like(first)
    moved(list(part.parameters()), (first * direction).sum())
    moved([value for value in leaves.values() if value.requires_grad], (theirs() * direction).sum())
    after = ours()
    assert (after - first).abs().max() > RATE * 1e-3
    assert torch.allclose(after, theirs(), rtol=0, atol=1e-6), (after - theirs()).abs().max()
    return {name: (p.detach(), state[name].detach()) for name, p in part.named_parameters()}


@pytest.mark.parametrize("name", MAPPINGS)
def test_mapping_networks(name):
    part, published = MAPPINGS[name]
    steps_are_equal(part, published, latents(), *([LABELS] if part.conditional else []))


@pytest.mark.parametrize("name", GENERATORS)
def test_synthesis_networks(name):
    part, published = GENERATORS[name]
    steps_are_equal(part, published, torch.randn(4, *part.code_shape, dtype=torch.float64))


@pytest.mark.parametrize("name", JUDGES)
def test_discriminators(name):
    part, published = JUDGES[name]
    steps_are_equal(part, published, images(), *([LABELS] if part.conditional else []))


@pytest.mark.parametrize(("cls", "gain"), [(StyleGANMapping, 1.0), (StyleGAN2Mapping, math.sqrt(2))])
def test_a_step_in_a_bias_of_the_mapping_network(cls, gain):
    """What is added before the leaky ReLU moves by the rate, its multiplier and the gain."""
    part = loud(cls(**MAPPED))
    before = [layer.bias.detach().clone() for layer in part.dense]
    moved(list(part.parameters()), part(latents()).square().sum())
    for layer, bias in zip(part.dense, before, strict=True):
        step = (layer.bias - bias).abs() * (layer.lr_multiplier * part.bias_gain)
        assert torch.allclose(step, torch.full_like(step, RATE * 0.01 * gain), rtol=1e-3)


@pytest.mark.parametrize("label", [None, LABELS])
def test_older_weights_of_the_mapping_network_go_on_as_they_were(label):
    """They have their gain in the biases, and learn as they did."""
    cls, more = (StyleGAN2Mapping, {}) if label is None else (LabeledStyleGAN2Mapping, {"classes": 3})
    part, z = loud(cls(**MAPPED, **more)), latents()
    older = {name: value.clone() for name, value in part.state_dict().items() if name != "gain"}
    load_state(part, older)
    inputs = normalized(z) if label is None else joined(older, z, label)
    assert torch.allclose(part(z, label)[:, 0], mapping(older, inputs, 0.01, gain_after=False), atol=1e-7)
    assert part.gain == 1
    before = part.dense[0].bias.detach().clone()
    moved(list(part.parameters()), part(z, label).square().sum())
    assert torch.allclose((part.dense[0].bias - before).abs(), torch.full_like(before, RATE), rtol=1e-3)


def test_weights_of_the_other_mapping_network():
    """Those of conditioner/stylegan make the same codes; the way back would lose the gain, and is refused."""
    older, part, z = loud(StyleGANMapping(**MAPPED)), StyleGAN2Mapping(**MAPPED).double().eval(), latents()
    load_state(part, older.state_dict())
    assert torch.allclose(part(z), older(z), rtol=0, atol=1e-12)
    with pytest.raises(CheckpointError, match="do not fit conditioner/stylegan: gain is not known here"):
        load_state(older, part.state_dict())
