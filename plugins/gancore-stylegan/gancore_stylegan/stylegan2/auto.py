"""StyleGAN2 with adaptive augmentation, with hyperparameters that follow the size of the images.

What follows is a fact of the parts here: the recipe tells it, as it tells a generator the shape of an image.
So a spec leaves it out and trains at another size; who wants another value puts the part without `-auto` into
the seat.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from gancore import (
    Augment,
    Average,
    Conditioner,
    Discriminator,
    DiscriminatorRegularizer,
    Generator,
    Optimizer,
    fact,
    field,
    part,
    seat,
)
from gancore.component.validators import whole
from gancore.standard.ada import ADA
from gancore.standard.averages import ExponentialAverage
from gancore.standard.regularizers import R1
from gancore_stylegan.stylegan2.discriminator import StyleGAN2Discriminator
from gancore_stylegan.stylegan2.mapping import StyleGAN2Mapping
from gancore_stylegan.stylegan2.presets import SMALL, adam
from gancore_stylegan.stylegan2.recipe import StyleGAN2
from gancore_stylegan.stylegan2.synthesis import StyleGAN2Synthesis


@part("r1-auto")
class AutoR1(R1):
    """discriminator-regularizer/r1 (Mescheder et al. 2018, arXiv:1801.04406, eq. 9) with the γ that the
    recipe says.
    """

    examples = ({"gamma": 1.0},)
    gamma: float = fact(
        help="γ, told by the recipe, as recipe/stylegan2-auto or recipe/stylegan3; "
        "for another one take discriminator-regularizer/r1"
    )


@part("exponential-auto")
class AutoAverage(ExponentialAverage):
    """average/exponential with the half-life that the recipe says."""

    examples = ({"half_life": 1000.0},)
    half_life: float = fact(
        help="in images, told by recipe/stylegan2-auto; for another one take average/exponential"
    )


@part("stylegan2-auto")
class AutoStyleGAN2(StyleGAN2):
    """StyleGAN2 with ADA for any data: the released configuration `auto` of Karras et al. 2020,
    arXiv:2006.06676.

    With r the longer side of the images, on one processor: batch min(4096 / r, 32), γ = 0.0002 · pixels /
    batch, a half-life of the average of 10,000 · batch / 32 images with ramp-up; half the feature maps,
    learning rate 0.0025, two mapping layers. Of the batch counts the recipe's own, not one that is given for
    a run alone. Differences: the released code has all feature maps from r = 512 on (set both `channels_base`
    to 32768), and learning rate 0.002 from 1024 on; else those of the parts and of recipe/stylegan2. With
    labels: `conditioner=stylegan2-labels`, `conditioner.layers=2`, `discriminator=stylegan2-labels`, both
    `channels_base` 16384.
    """

    examples = ({**SMALL[0], "regularizers": [{"part": "r1-auto", "every": 2}]},)
    generator: Generator = seat(default=partial(StyleGAN2Synthesis, channels_base=16384))
    discriminator: Discriminator = seat(default=partial(StyleGAN2Discriminator, channels_base=16384))
    conditioner: Conditioner = seat(default=partial(StyleGAN2Mapping, layers=2))
    regularizers: Sequence[DiscriminatorRegularizer] = seat(default=(partial(AutoR1, every=16),))
    augment: Augment = seat(default=ADA)
    average: Average = seat(default=AutoAverage)
    generator_optimizer: Optimizer = seat(default=adam(0.0025))
    discriminator_optimizer: Optimizer = seat(default=adam(0.0025))
    batch: int = field(
        default=0,
        validator=whole(0),
        help="batch size, where the run is given none; 0: as the size of the images says",
    )

    @property
    def batch_size(self) -> int:
        """The batch that the size of the images says, or that which was given."""
        return self.batch or max(min(4096 // max(self.image[1:]), 32), 1)

    def facts(self, seat: str) -> dict[str, Any]:
        """What recipes tell, and what follows from the size of the images."""
        pixels = self.image[1] * self.image[2]
        return super().facts(seat) | {
            "gamma": 0.0002 * pixels / self.batch_size,
            "half_life": 10_000.0 * self.batch_size / 32,
        }
