"""What the latent tools ask of these networks: the weights that read a code, and noise that can be
replaced.
"""

import pytest
import torch
from gancore_stylegan import (
    PlainStyleGAN2Synthesis,
    ResidualStyleGAN2Synthesis,
    StyleGAN2Synthesis,
    StyleGAN3Synthesis,
    StyleGANMapping,
    StyleGANSynthesis,
)

from gancore.component.randomness import noise_maps
from gancore.latent.inversion import Projection, invert
from gancore.pipeline import Pipeline
from gancore.standard.samplers import Normal

SMALL = {"image": (3, 16, 8), "code_width": 4, "channels_base": 64, "channels_max": 6}
NETWORKS = [
    StyleGANSynthesis,
    StyleGAN2Synthesis,
    PlainStyleGAN2Synthesis,
    ResidualStyleGAN2Synthesis,
    StyleGAN3Synthesis,
]


def made(network, **options):
    generator = network(**SMALL, **({"layers": 4} if network is StyleGAN3Synthesis else {}), **options).eval()
    with torch.no_grad():
        for name, parameter in generator.named_parameters():
            if "strength" in name:
                parameter.fill_(0.5)
    return generator


@pytest.mark.parametrize("network", NETWORKS)
def test_each_layer_reads_its_code_through_the_weights_that_are_said(network):
    """A code that changes within the null space of a layer's weights alone changes nothing."""
    generator = made(network)
    weights = generator.code_weights()
    assert len(weights) == generator.code_shape[0] and all(weight.shape[1] == 4 for weight in weights)
    assert sum(len(weight) for weight in weights) == sum(
        len(module.weight) for name, module in generator.named_modules() if name.endswith(("style", "affine"))
    )
    with torch.no_grad():
        for name, parameter in generator.named_parameters():
            if name.endswith(("style.weight", "affine.weight")):
                parameter[:, 3] = 0
    assert all(not weight[:, 3].any() for weight in generator.code_weights())
    code = torch.randn(1, *generator.code_shape)
    for layer in range(len(weights)):
        blind, seen = code.clone(), code.clone()
        blind[:, layer, 3] += 1
        seen[:, layer] += generator.code_weights()[layer][0]
        with noise_maps() as noise:
            before = generator(code)
        with noise_maps(noise):
            assert torch.equal(generator(blind), before)
        if generator.code_weights()[layer].any():
            with noise_maps(noise):
                assert not torch.equal(generator(seen), before)


@pytest.mark.parametrize(
    ("network", "noise"),
    [(StyleGANSynthesis, None), (StyleGAN2Synthesis, "random"), (StyleGAN2Synthesis, "constant")],
)
def test_noise_maps_are_optimized_whether_drawn_or_kept(network, noise):
    generator = made(network, **({} if noise is None else {"noise": noise}))
    mapping = StyleGANMapping(latent_width=4, width=6, layers=2, code=generator.code_shape)
    pipeline = Pipeline(sampler=Normal(latent=(4,)), conditioner=mapping, generator=generator)
    image = pipeline.sample(2, seed=1)
    found = invert(pipeline, image, None, Projection(steps=8), space="w+")
    # one map a convolution: at 8×4 and 16×8 for StyleGAN2 without a doubling before the first
    shapes = {tuple(noise.shape[2:]) for noise in found.noise}
    assert shapes == {(8, 4), (16, 8)} and all(len(noise) == 2 for noise in found.noise)
    assert bool((found.loss[-1] < found.loss[0]).all())
