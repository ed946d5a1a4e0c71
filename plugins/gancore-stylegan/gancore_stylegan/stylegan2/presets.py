"""StyleGAN2 with adaptive augmentation, as the code of Karras et al. 2020 (ADA), arXiv:2006.06676, was
configured for each data set.
"""

import math
from collections.abc import Sequence
from functools import partial

from gancore import (
    Augment,
    Average,
    Conditioner,
    Discriminator,
    DiscriminatorRegularizer,
    Generator,
    GeneratorRegularizer,
    Optimizer,
    field,
    part,
    seat,
)
from gancore.component.validators import whole
from gancore.standard.ada import ADA
from gancore.standard.averages import ExponentialAverage
from gancore.standard.optimizers import Adam
from gancore.standard.regularizers import R1
from gancore_stylegan.stylegan2.discriminator import PlainStyleGAN2Discriminator, StyleGAN2Discriminator
from gancore_stylegan.stylegan2.mapping import StyleGAN2Mapping
from gancore_stylegan.stylegan2.recipe import StyleGAN2
from gancore_stylegan.stylegan2.synthesis import StyleGAN2Synthesis

__all__ = ["SMALL", "CIFARStyleGAN2", "Paper256", "Paper512", "Paper1024", "adam"]

SMALL = (
    {
        **StyleGAN2.examples[0],
        # every update moves p, and by much
        "augment": {"part": "ada", "categories": "bgcfnc", "target": -0.9, "speed": 20.0, "interval": 1},
    },
)
"""For the contract kit."""


def adam(lr: float) -> partial[Adam]:
    """Adam with β₁ = 0, β₂ = 0.99, ε = 1e-8."""
    return partial(Adam, lr=lr, betas=(0.0, 0.99), eps=1e-8)


def lazy_r1(gamma: float) -> partial[R1]:
    """R1 in every 16th step."""
    return partial(R1, gamma=gamma, every=16)


def average(half_life: float) -> partial[ExponentialAverage]:
    """An average of the weights whose half-life is the same from the start."""
    return partial(ExponentialAverage, half_life=half_life, ramp_up=math.inf)


@part("stylegan2-paper256")
class Paper256(StyleGAN2):
    """StyleGAN2 with ADA for 256×256: the released configuration `paper256`.

    Paper: Karras et al. 2020 (ADA), arXiv:2006.06676, appendix on training: half the feature maps, γ = 1,
    learning rate 0.0025, batch 64, groups of 8, a half-life of 20,000 images without ramp-up. Differences are
    those of its parts and of recipe/stylegan2.
    """

    examples = SMALL
    generator: Generator = seat(default=partial(StyleGAN2Synthesis, channels_base=16384))
    discriminator: Discriminator = seat(default=partial(StyleGAN2Discriminator, channels_base=16384, group=8))
    regularizers: Sequence[DiscriminatorRegularizer] = seat(default=(lazy_r1(1.0),))
    augment: Augment = seat(default=ADA)
    average: Average = seat(default=average(20_000.0))
    generator_optimizer: Optimizer = seat(default=adam(0.0025))
    discriminator_optimizer: Optimizer = seat(default=adam(0.0025))
    batch: int = field(default=64, validator=whole(1), help="batch size, where the run is given none")


@part("stylegan2-paper512")
class Paper512(Paper256):
    """StyleGAN2 with ADA for 512×512: the released configuration `paper512`.

    Paper: Karras et al. 2020 (ADA), arXiv:2006.06676: as recipe/stylegan2-paper256, but all feature maps, and
    γ = 0.5.
    """

    examples = SMALL
    generator: Generator = seat(default=StyleGAN2Synthesis)
    discriminator: Discriminator = seat(default=partial(StyleGAN2Discriminator, group=8))
    regularizers: Sequence[DiscriminatorRegularizer] = seat(default=(lazy_r1(0.5),))


@part("stylegan2-paper1024")
class Paper1024(StyleGAN2):
    """StyleGAN2 with ADA for 1024×1024: the released configuration `paper1024`.

    Paper: Karras et al. 2020 (ADA), arXiv:2006.06676: as recipe/stylegan2, but γ = 2, and no ramp-up of the
    average's half-life.
    """

    examples = SMALL
    regularizers: Sequence[DiscriminatorRegularizer] = seat(default=(lazy_r1(2.0),))
    augment: Augment = seat(default=ADA)
    average: Average = seat(default=average(10_000.0))


@part("stylegan2-cifar")
class CIFARStyleGAN2(StyleGAN2):
    """StyleGAN2 with ADA for CIFAR-10: the released configuration `cifar`.

    Paper: Karras et al. 2020 (ADA), arXiv:2006.06676, appendix on CIFAR-10: no style mixing, no path length
    regularization, no residuals in the discriminator, two mapping layers, γ = 0.01, learning rate 0.0025,
    batch 64, groups of 32, a half-life of 500,000 images with ramp-up. The released code rescales the
    generator's optimizer for a penalty in every 4th step, which here has no weight: learning rate 0.002, β₂ =
    0.99^0.8. Differences are those of its parts; labels: `conditioner=stylegan2-labels` with
    `conditioner.layers=2` and `conditioner.mixing=0`, `discriminator=stylegan2-plain-labels` with
    `discriminator.group=32`.
    """

    examples = SMALL
    discriminator: Discriminator = seat(default=partial(PlainStyleGAN2Discriminator, group=32))
    conditioner: Conditioner = seat(default=partial(StyleGAN2Mapping, layers=2, mixing=0.0))
    regularizers: Sequence[DiscriminatorRegularizer] = seat(default=(lazy_r1(0.01),))
    generator_regularizers: Sequence[GeneratorRegularizer] = seat(default=())
    augment: Augment = seat(default=ADA)
    average: Average = seat(default=partial(ExponentialAverage, half_life=500_000.0))
    generator_optimizer: Optimizer = seat(
        default=partial(Adam, lr=0.0025 * 4 / 5, betas=(0.0, 0.99 ** (4 / 5)), eps=1e-8)
    )
    discriminator_optimizer: Optimizer = seat(default=adam(0.0025))
    batch: int = field(default=64, validator=whole(1), help="batch size, where the run is given none")
