"""How a StyleGAN3 learns."""

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from gancore import (
    Augment,
    Conditioner,
    Discriminator,
    DiscriminatorRegularizer,
    Generator,
    Optimizer,
    field,
    part,
    seat,
)
from gancore.component.validators import whole
from gancore.standard.optimizers import Adam
from gancore.standard.regularizers import R1
from gancore_stylegan.stylegan2.discriminator import StyleGAN2Discriminator
from gancore_stylegan.stylegan2.mapping import StyleGAN2Mapping
from gancore_stylegan.stylegan2.order import GeneratorFirst
from gancore_stylegan.stylegan3.fading_blur import FadingBlur
from gancore_stylegan.stylegan3.synthesis import RotationalStyleGAN3Synthesis, StyleGAN3Synthesis

__all__ = ["RotationalStyleGAN3", "StyleGAN3"]


def two_layers() -> StyleGAN2Mapping:
    """StyleGAN3's mapping: two layers, no mixing (arXiv:2106.12423, section 3, config D), w̄ kept to 0.998
    in an update.
    """
    return StyleGAN2Mapping(layers=2, mixing=0.0, decay=0.998)


def generator_adam() -> Adam:
    """The generator's Adam: learning rate 0.0025."""
    return Adam(lr=0.0025, betas=(0.0, 0.99), eps=1e-8)


def discriminator_adam() -> Adam:
    """The discriminator's Adam: learning rate 0.002."""
    return Adam(lr=0.002, betas=(0.0, 0.99), eps=1e-8)


@part("stylegan3")
class StyleGAN3(GeneratorFirst):
    """The two-player game with the alias-free generator.

    Paper: Karras et al. 2021 (StyleGAN3), arXiv:2106.12423, section 3 (config D: no style mixing, no path
    length regularization) and appendix F: non-saturating loss, R1 in every 16th step, Adam with β₁ = 0, β₂ =
    0.99, ε = 1e-8 and learning rates 0.0025 and 0.002, batch of 32, an exponential average of the generator's
    weights with a half-life of 10,000 images. γ is the one that the released code recommends for T and R
    alike, 0.5 at 128×128, 2 at 256×256, 8 at 512×512 and 32 at 1024×1024; at other sizes it too goes with the
    number of pixels, which nobody published. The discriminator is StyleGAN2's, and so is the order of a step:
    generator, discriminator, R1 (see `GeneratorFirst`). As in the released code, the
    average's half-life is shorter in the first 200,000 images (`average.ramp_up = inf` for none, as there
    where a training resumes). Differences: the half-life is 10,000 images at any batch, as the released code
    has at 32; the mean of w keeps 0.998 of itself in an update of the generator (released code: in each of
    the discriminator's). With labels: `conditioner=stylegan2-labels`, `conditioner.layers=2`,
    `conditioner.mixing=0`, `conditioner.decay=0.998`, `discriminator=stylegan2-labels`.
    """

    examples = (
        {
            "generator": {
                "part": "stylegan3-t",
                "code_width": 4,
                "channels_base": 32,
                "channels_max": 6,
                "layers": 4,
            },
            "conditioner": {"part": "stylegan2", "latent_width": 4, "width": 6, "layers": 2, "mixing": 0.0},
            "discriminator": {"part": "stylegan2", "channels_base": 64, "channels_max": 8, "group": 2},
            "regularizers": [{"part": "r1", "every": 2}],
        },
    )
    derived: ClassVar[Any] = {"regularizers.0.gamma": lambda image: image[1] * image[2] / 2**15}
    generator: Generator = seat(default=StyleGAN3Synthesis)
    discriminator: Discriminator = seat(default=StyleGAN2Discriminator)
    conditioner: Conditioner = seat(default=two_layers)
    regularizers: Sequence[DiscriminatorRegularizer] = seat(default=(partial(R1, every=16),))
    generator_optimizer: Optimizer = seat(default=generator_adam)
    discriminator_optimizer: Optimizer = seat(default=discriminator_adam)
    batch: int = field(default=32, validator=whole(1), help="batch size, where the run is given none")


@part("stylegan3-r")
class RotationalStyleGAN3(StyleGAN3):
    """The two-player game with the alias-free generator that is equivariant to rotation too (configuration
    R).

    Paper: Karras et al. 2021 (StyleGAN3), arXiv:2106.12423, section 3.2: 1×1 convolutions, twice the feature
    maps, radially symmetric filters, and all that the discriminator sees is blurred in the first 200,000
    images. Else as recipe/stylegan3.
    """

    examples = (
        {**StyleGAN3.examples[0], "generator": {**StyleGAN3.examples[0]["generator"], "part": "stylegan3-r"}},
    )
    generator: Generator = seat(default=RotationalStyleGAN3Synthesis)
    augment: Augment = seat(default=FadingBlur)
