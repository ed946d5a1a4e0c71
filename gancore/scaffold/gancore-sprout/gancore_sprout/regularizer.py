"""A penalty on the discriminator."""

from collections.abc import Callable

from torch import Tensor

from gancore import DiscriminatorRegularizer, field, part
from gancore.component.scored import Scored
from gancore.component.validators import at_least


@part("sprout")
class SproutPenalty(DiscriminatorRegularizer):
    """Consistency: the discriminator should give an image and its augmented twin the same score.

    Paper: Zhang et al. 2020, "Consistency Regularization for Generative Adversarial Networks",
    arXiv:1910.12027, section 2: the squared difference of the scores of real images x and T(x), with λ = 10.
    Differences: T mirrors left and right; the paper's T also shifts by a few pixels, at random.
    """

    weight: float = field(default=10.0, validator=at_least(0), help="the paper's λ")

    def forward(self, score: Callable[[Tensor], Tensor], real: Scored, fake: Scored) -> Tensor:
        """λ E (D(x) - D(T(x)))², over real images."""
        return self.weight * (real.scores - score(real.image.flip(-1))).square().mean()
