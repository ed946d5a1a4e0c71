"""Objectives of both players with a head of their own on the discriminator's features."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss

from gancore.component.interfaces import Auxiliary, Shape
from gancore.component.part import fact, field, part
from gancore.component.precision import at_least_float32
from gancore.component.scored import Scored
from gancore.component.validators import at_least, whole
from gancore.nn.labels import check_classes, given_label

__all__ = ["ACGAN", "InfoGAN"]


@part("acgan")
class ACGAN(Auxiliary):
    """An auxiliary classifier: a linear head on the discriminator's features says the label of real and of
    generated images, and both players want it to be right.

    Paper: Odena et al. 2017, arXiv:1610.09585, section 3, the log-likelihood L_C of eq. 3 beside the
    adversarial L_S; as there the discriminator's part counts real and generated images. Labels int64 `(N,)`
    give the cross-entropy. Rows of numbers `(N, K)`, which the paper does not treat, are predicted, with the
    mean squared error.

    Raises:
        FactError: the data have no labels.
        FitError: no label was given.
    """

    conditional: ClassVar[bool] = True
    classes: int = fact(help="number of classes K, given by the data")
    weight: float = field(default=1.0, validator=at_least(0), help="weight in the discriminator's terms")
    generator_weight: float = field(
        default=1.0, validator=at_least(0), help="weight in the generator's terms"
    )
    fake_weight: float = field(
        default=1.0,
        validator=at_least(0),
        help="factor on generated images in the discriminator's term; 0 trains the head on real ones alone",
    )

    def build(self) -> None:
        """Makes the head."""
        check_classes(self, "a recipe without auxiliaries")
        self.head = nn.Linear(math.prod(self.features), self.classes)

    def discriminator(self, real: Scored, fake: Scored) -> Tensor:
        """-E log P(c | x) - E log P(c | G(z, c)), weighted."""
        loss = self._loss(real)
        return self.weight * (loss + self.fake_weight * self._loss(fake) if self.fake_weight else loss)

    def generator(self, fake: Scored, real: Scored) -> Tensor:
        """-E log P(c | G(z, c)), weighted."""
        return self.generator_weight * self._loss(fake)

    def _loss(self, scored: Scored) -> Tensor:
        label = given_label(self, scored.label, "a recipe without auxiliaries")
        logits = at_least_float32(self.head(scored.features.flatten(1)))  # (N, K)
        return (
            mse_loss(logits, label.to(logits)) if label.is_floating_point() else cross_entropy(logits, label)
        )


@part("infogan")
class InfoGAN(Auxiliary):
    """A posterior of the latent codes: a head on the discriminator's features guesses which codes an image
    was made from, and the generator makes images in which they can be told.

    Paper: Chen et al. 2016, arXiv:1606.03657, eq. 5 and 6: λ times the variational bound L_I of the mutual
    information, without the constant H(c). Categorical codes have a softmax posterior, continuous ones a
    Gaussian whose mean and logarithmic deviation the head gives (appendix C); the head is the appendix's
    fully connected layer of 128 and an output layer, without its batch normalization, so that rows stay
    apart. A smaller λ for continuous codes follows section 6; its value is ours.

    The codes come with `sampler/latent-codes`, which puts them at the end of the latent.
    """

    latent_codes: Shape = fact(
        help="numbers of categories of the codes, 1 for a continuous one, given by sampler/latent-codes"
    )
    weight: float = field(default=1.0, validator=at_least(0), help="the paper's λ for categorical codes")
    continuous_weight: float = field(
        default=0.1, validator=at_least(0), help="the paper's λ for continuous codes"
    )
    width: int = field(default=128, validator=whole(1), help="width of the head's hidden layer")

    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({"width": 8},)

    def build(self) -> None:
        """Makes the head: logits for each categorical code, mean and logarithmic deviation for the others."""
        outputs = sum(size if size > 1 else 2 for size in self.latent_codes)
        self.head = nn.Sequential(
            nn.Linear(math.prod(self.features), self.width), nn.LeakyReLU(0.1), nn.Linear(self.width, outputs)
        )

    def discriminator(self, real: Scored, fake: Scored) -> Tensor:
        """-λ E log Q(c | G(z, c))."""
        return self._surprise(fake)

    def generator(self, fake: Scored, real: Scored) -> Tensor:
        """-λ E log Q(c | G(z, c))."""
        return self._surprise(fake)

    def _surprise(self, fake: Scored) -> Tensor:
        guesses = at_least_float32(self.head(fake.features.flatten(1)))
        codes = fake.latent[:, -sum(self.latent_codes) :].to(guesses)
        total = guesses.new_zeros(())
        for size in self.latent_codes:
            outputs = size if size > 1 else 2
            guess, guesses = guesses[:, :outputs], guesses[:, outputs:]
            code, codes = codes[:, :size], codes[:, size:]
            if size > 1:
                total = total + self.weight * cross_entropy(guess, code.argmax(1))
            else:
                total = total + self.continuous_weight * _gaussian(code[:, 0], guess[:, 0], guess[:, 1])
        return total


def _gaussian(value: Tensor, mean: Tensor, log_deviation: Tensor) -> Tensor:
    """-E log N(value; mean, deviation²)."""
    log_deviation = log_deviation.clamp(-7, 7)  # a deviation of 0 would be rewarded without end
    squares = ((value - mean) * torch.exp(-log_deviation)).square()
    return (squares / 2 + log_deviation + math.log(2 * math.pi) / 2).mean()
