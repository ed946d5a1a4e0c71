"""The training recipes of StyleGAN3."""

from functools import partial
from typing import Any, ClassVar

from gancore import (
    Augment,
    Conditioner,
    Discriminator,
    DiscriminatorRegularizer,
    Generator,
    Optimizer,
    Seat,
    Seats,
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
    """StyleGAN3's mapping network: two layers, no mixing (arXiv:2106.12423, section 3, config D)."""
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
    length regularization) and appendix F. One step, in the order of the released code (`GeneratorFirst`), all
    of it on one batch of real images:

    1. one update of the generator by the non-saturating loss;
    2. one update of the discriminator by the non-saturating loss;
    3. in every 16th step one by R1;
    4. an update of the averaged weights, with a half-life of 10,000 images.

    Adam with β₁ = 0, β₂ = 0.99, ε = 1e-8 and learning rates 0.0025 (generator) and 0.002 (discriminator);
    batch size 32; StyleGAN2's discriminator. γ is what the released code recommends for both T and R: 0.5 at
    128×128, 2 at 256×256, 8 at 512×512 and 32 at 1024×1024; at other sizes it is proportional to the number
    of pixels, for which there are no published values. As in the released code, the average's half-life is
    shorter in the first 200,000 images (`average.ramp_up = inf` turns this off, as that code does when a
    training resumes). Differences: the half-life is 10,000 images at any batch size, which the released code
    has at 32; an update of the generator keeps 0.998 of the mean of w (released code: each update of the
    discriminator does). With labels: `conditioner=stylegan2-labels`, `conditioner.layers=2`,
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
    generator: Seat[Generator] = seat(default=StyleGAN3Synthesis)
    discriminator: Seat[Discriminator] = seat(default=StyleGAN2Discriminator)
    conditioner: Seat[Conditioner] = seat(default=two_layers)
    regularizers: Seats[DiscriminatorRegularizer] = seat(default=(partial(R1, every=16),))
    generator_optimizer: Seat[Optimizer] = seat(default=generator_adam)
    discriminator_optimizer: Seat[Optimizer] = seat(default=discriminator_adam)
    batch: int = field(default=32, validator=whole(1), help="batch size, unless the run sets one")


@part("stylegan3-r")
class RotationalStyleGAN3(StyleGAN3):
    """The two-player game with the alias-free generator of configuration R, also equivariant to rotation.

    Paper: Karras et al. 2021 (StyleGAN3), arXiv:2106.12423, section 3.2: 1×1 convolutions, twice the
    channels, radially symmetric filters, and a blur of the discriminator's images that fades over the first
    200,000 images. Otherwise, and in the order of a step, like recipe/stylegan3.
    """

    examples = (
        {**StyleGAN3.examples[0], "generator": {**StyleGAN3.examples[0]["generator"], "part": "stylegan3-r"}},
    )
    generator: Seat[Generator] = seat(default=RotationalStyleGAN3Synthesis)
    augment: Seat[Augment] = seat(default=FadingBlur)
