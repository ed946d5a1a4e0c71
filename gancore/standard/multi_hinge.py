"""The hinge loss of two players for several classes."""

import math
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from gancore.component.interfaces import Auxiliary, Shape
from gancore.component.part import fact, field, part
from gancore.component.precision import at_least_float32
from gancore.component.scored import Scored
from gancore.component.validators import at_least
from gancore.nn.labels import check_whole_classes, given_class

__all__ = ["MultiHinge"]

WITHOUT = "a recipe without auxiliaries"


@part("multi-hinge")
class MultiHinge(Auxiliary):
    """The multi-class hinge loss: K + 1 scores, one for each class and one for generated images; the score of
    the right class should exceed the best of the others by a margin of 1.

    Paper: Kavalerov et al. 2019 (MHingeGAN), arXiv:1912.04216, with the hinge loss of Crammer & Singer 2001.
    Any discriminator has the scores: they are a linear layer on its features. The paper's first version, K +
    1 scores in place of a discriminator's one, is this with both weights of `loss/weighted` at 0; the
    generator of its released code then has feature matching, and this loss at a weight of 0.05. The last
    version has it beside a projection discriminator with the hinge loss, at a weight of 1 for the
    discriminator and 0.1 for the generator in its code. Differences: that version's classifier has K scores,
    and learns generated images as the class that was asked for; here K + 1 stay. Both weights are 1 by
    default. Semi-supervised training is left out.

    Raises:
        FactError: the data have no labels.
        FitError: no label was given, or labels are rows of numbers.
    """

    conditional: ClassVar[bool] = True
    classes: int = fact(help="number of classes K, given by the data")
    label_shape: Shape = fact(default=(), help="shape of one label: (), since it has to be a class")
    weight: float = field(default=1.0, validator=at_least(0), help="weight in the discriminator's terms")
    generator_weight: float = field(
        default=1.0, validator=at_least(0), help="weight in the generator's terms"
    )

    def build(self) -> None:
        """Makes the layer of K + 1 scores; the last is that of generated images."""
        check_whole_classes(self, self.label_shape, WITHOUT)
        self.head = nn.Linear(math.prod(self.features), self.classes + 1)

    def discriminator(self, real: Scored, fake: Scored) -> Tensor:
        """E max(0, 1 - C_y(x) + max_{k≠y} C_k(x)) of real images of class y, and of generated ones with y = K
        + 1; weighted.
        """
        label = given_class(self, real.label, WITHOUT)
        generated = torch.full((len(fake.features),), self.classes, device=label.device)
        return self.weight * (self._loss(real, label) + self._loss(fake, generated))

    def generator(self, fake: Scored, real: Scored) -> Tensor:
        """E max(0, 1 - C_y(G(z, y)) + max_{k≠y} C_k(G(z, y))), weighted."""
        return self.generator_weight * self._loss(fake, given_class(self, fake.label, WITHOUT))

    def _loss(self, scored: Scored, label: Tensor) -> Tensor:
        scores = at_least_float32(self.head(scored.features.flatten(1)))  # (N, K + 1)
        right = scores.gather(1, label[:, None])  # (N, 1), C_y
        others = scores.scatter(1, label[:, None], -math.inf).amax(1, keepdim=True)  # max_{k≠y} C_k
        return relu(1 - right + others).mean()
