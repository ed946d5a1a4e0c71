"""A penalty that compares statistics of generated images with those of real ones."""

from collections.abc import Callable
from typing import ClassVar

from torch import Tensor

from gancore.component.interfaces import GeneratorRegularizer
from gancore.component.part import field, part
from gancore.component.precision import at_least_float32
from gancore.component.scored import Scored
from gancore.component.validators import at_least

__all__ = ["FeatureMatching"]


@part("feature-matching", tags=["batch"])
class FeatureMatching(GeneratorRegularizer):
    """The squared distance between the mean features of real and of generated images, features being those of
    the discriminator.

    Paper: Salimans et al. 2016, arXiv:1606.03498, section 3.1. There it takes the place of the generator's
    loss; here it is added, and `loss = {part = "weighted", generator_weight = 0.0}` takes the loss away.
    Feature maps are compared position by position. Means over micro-batches are not those of the batch.
    """

    reads_features: ClassVar[bool] = True
    weight: float = field(default=1.0, validator=at_least(0), help="weight of the squared distance")

    def forward(self, render: Callable[[Tensor], Tensor], fake: Scored, real: Scored) -> Tensor:
        """‖E f(x) - E f(G(z))‖², weighted."""
        distance = at_least_float32(real.features).mean(0) - at_least_float32(fake.features).mean(0)
        return self.weight * distance.square().sum()
