"""Real images with the labels of others are fakes too."""

from typing import ClassVar

from torch import Tensor

from gancore.component.interfaces import DiscriminatorRegularizer, Loss
from gancore.component.part import Seat, field, part, seat
from gancore.component.scored import Scored
from gancore.component.validators import at_least
from gancore.errors import FitError
from gancore.standard.losses import NonSaturating
from gancore.standard.regularizers import Score

__all__ = ["MatchingAware"]


@part("matching-aware", tags=["batch"])
class MatchingAware(DiscriminatorRegularizer):
    """The matching-aware discriminator: a real image with the label of another is a third kind of image, and
    counts as generated, so that the discriminator has to read labels, such as embeddings of texts.

    Paper: Reed et al. 2016 (GAN-CLS), arXiv:1605.05396, section 4.2, whose discriminator maximizes log s_r +
    (log(1 - s_w) + log(1 - s_f)) / 2. That is half the loss of real and generated images and half of that of
    real images and wrong pairs; this penalty is the second half, whole by default, so that the sum is twice
    the paper's, which Adam does not see. Any other loss can be in the seat; it should be the recipe's. The
    label of another is that of the next image in the batch; pairs of equal labels are left out. Labels are
    classes `(N,)` or rows of numbers `(N, K)`.

    Raises:
        FitError: there are no labels.
    """

    conditional: ClassVar[bool] = True
    loss: Seat[Loss] = seat(default=NonSaturating, help="the loss of right and wrong pairs, as the recipe's")
    weight: float = field(
        default=1.0, validator=at_least(0), help="weight, 1 to count as much as generated images"
    )

    def forward(self, score: Score, real: Scored, fake: Scored) -> Tensor:
        """-E log D(x, y) - E log(1 - D(x, y′)) for y′ ≠ y, or another loss; weighted."""
        label = real.label
        if label is None:
            raise FitError(
                f"{self.qualified_name} pairs images with wrong labels, but got none; give labeled data and "
                "a discriminator that reads labels, such as discriminator/projection, or take it out"
            )
        wrong = label.roll(1, 0)  # (N,) or (N, K)
        differs = (label != wrong).reshape(len(label), -1).any(1)  # (N,)
        right_scores, wrong_scores = real.scores[differs], real.score(real.image, wrong)[differs]
        if not len(wrong_scores):
            return 0 * real.scores.sum()
        return self.weight * self.loss.discriminator(right_scores, wrong_scores)
