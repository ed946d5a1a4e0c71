"""A classifier where only some images have labels."""

import math
from typing import ClassVar

from torch import Tensor, nn

from gancore.component.interfaces import Auxiliary
from gancore.component.part import fact, field, part
from gancore.component.precision import at_least_float32
from gancore.component.scored import Scored
from gancore.component.validators import at_least
from gancore.nn.labels import check_classes, given_label, one_hot

__all__ = ["FewLabels", "labeled_cross_entropy"]

WITHOUT = "auxiliary/rotation, which reads no labels"


@part("few-labels", tags=["batch"])
class FewLabels(Auxiliary):
    """A classifier that learns from those real images that have labels, on the discriminator's features, and
    wants generated images to show what was asked for. Labels are rows of K class weights, one-hot or soft; a
    row of zeros says that there is no label, and counts for nothing.

    Paper: Odena et al. 2017 (AC-GAN), arXiv:1610.09585, section 3, with the classifier of Lucic et al. 2019
    (S3GAN), arXiv:1903.02271, which is trained together with the discriminator on the images that have labels
    (`auxiliary/rotation` learns from all images). Its loss is the mean over the images with labels, so that
    it depends on how a batch is split into micro-batches. Difference from S3GAN, which hands the classes that
    it predicts for real images without labels to a projection discriminator, as `discriminator/co-training`
    does: here any discriminator serves, and the generator learns from the classifier itself.

    Raises:
        FactError: the data have no labels at all.
        FitError: no label was given, or a row is not of length K.
    """

    conditional: ClassVar[bool] = True
    classes: int = fact(help="number of classes K, given by the data")
    weight: float = field(default=1.0, validator=at_least(0), help="weight in the discriminator's terms")
    generator_weight: float = field(
        default=1.0, validator=at_least(0), help="weight in the generator's terms"
    )

    def build(self) -> None:
        """Makes the head."""
        check_classes(self, WITHOUT)
        self.head = nn.Linear(math.prod(self.features), self.classes)

    def discriminator(self, real: Scored, fake: Scored) -> Tensor:
        """-E log P(c | x) over real images with labels, weighted."""
        return self.weight * self._loss(real)

    def generator(self, fake: Scored, real: Scored) -> Tensor:
        """-E log P(c | G(z, c)) over generated images with labels, weighted."""
        return self.generator_weight * self._loss(fake)

    def _loss(self, scored: Scored) -> Tensor:
        rows = one_hot(given_label(self, scored.label, WITHOUT), self.classes)  # (N, K)
        logits = at_least_float32(self.head(scored.features.flatten(1)))  # (N, K)
        return labeled_cross_entropy(logits, rows)


def labeled_cross_entropy(logits: Tensor, rows: Tensor) -> Tensor:
    """Logits `(N, K)` and class weights `(N, K)` → -E log P(c | x) over the rows that are not all zero; 0 if
    all are.
    """
    surprise = -(rows.to(logits) * logits.log_softmax(1)).sum(1)  # (N,), 0 where there is no label
    return surprise.sum() / rows.any(1).sum().clamp_min(1)
