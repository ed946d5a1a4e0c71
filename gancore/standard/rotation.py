"""A head that tells how images were turned, for data without labels."""

import math
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gancore.component.interfaces import Auxiliary
from gancore.component.part import field, part
from gancore.component.precision import at_least_float32
from gancore.component.randomness import uniform
from gancore.component.scored import Scored
from gancore.component.validators import at_least
from gancore.errors import FitError

__all__ = ["Rotation"]

TURNS = 4


@part("rotation")
class Rotation(Auxiliary):
    """A self-supervised head: from the discriminator's features it says by how many quarter turns an image
    was turned. The discriminator learns it on real images, and the generator makes images of which it can be
    told.

    Paper: Chen et al. 2019 (SS-GAN), arXiv:1811.11212, the rotation-based loss of the self-supervised GAN,
    with its β (`weight`) and α (`generator_weight`), 1 and 0.2 in its released code; S3GAN has the same head
    where few images have labels (Lucic et al. 2019, arXiv:1903.02271). Each image is turned by one of the
    four at random, as the expectation over r in the paper says; the released code turns some images of the
    batch by all four, and shows them to the discriminator in one pass with the others.

    Raises:
        FitError: images are not square, so that a quarter turn changes their shape.
    """

    reads_features: ClassVar[bool] = False  # those of the turned images need a pass of their own
    weight: float = field(default=1.0, validator=at_least(0), help="the paper's β, of the discriminator")
    generator_weight: float = field(
        default=0.2, validator=at_least(0), help="the paper's α, of the generator"
    )

    def build(self) -> None:
        """Makes the head."""
        self.head = nn.Linear(math.prod(self.features), TURNS)

    def discriminator(self, real: Scored, fake: Scored) -> Tensor:
        """-β E log Q(r | x turned r times)."""
        return self.weight * self._surprise(real)

    def generator(self, fake: Scored, real: Scored) -> Tensor:
        """-α E log Q(r | G(z) turned r times)."""
        return self.generator_weight * self._surprise(fake)

    def _surprise(self, scored: Scored) -> Tensor:
        image = scored.image  # (N, C, S, S)
        if image.shape[2] != image.shape[3]:
            raise FitError(
                f"{self.qualified_name} turns images by quarters, but these are "
                f"{image.shape[2]}×{image.shape[3]}; give square ones, or take it out"
            )
        turns = (TURNS * uniform(len(image), like=image)).long()  # (N,), in 0 … 3
        turned = torch.stack([image.rot90(k, (2, 3)) for k in range(TURNS)])  # (4, N, C, S, S)
        mine = turned[turns, torch.arange(len(image), device=image.device)]  # (N, C, S, S)
        logits = at_least_float32(self.head(scored.features_of(mine).flatten(1)))  # (N, 4)
        return cross_entropy(logits, turns)
