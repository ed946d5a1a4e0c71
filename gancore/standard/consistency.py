"""Objectives that ask for the same answer to what should not matter."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from torch import Tensor

from gancore.component.interfaces import Augment, Auxiliary, DiscriminatorRegularizer
from gancore.component.part import Seat, field, part, seat
from gancore.component.precision import at_least_float32
from gancore.component.randomness import normal
from gancore.component.scored import Scored
from gancore.component.validators import at_least
from gancore.errors import FitError
from gancore.standard.augments import DiffAugment
from gancore.standard.regularizers import Score

__all__ = ["BalancedConsistency", "LatentConsistency"]


@part("bcr")
class BalancedConsistency(DiscriminatorRegularizer):
    """Balanced consistency regularization: scores of real and of generated images shall not change when the
    images are changed by T.

    Paper: Zhao et al. 2020, arXiv:2002.04724, the losses of the discriminator in bCR; a `fake_weight` of 0 is
    the consistency regularization of Zhang et al. 2020, arXiv:1910.12027. T is a seat; by default it
    translates within 1/8 of the image's size, as the paper's shift of some pixels, but does not mirror. Both
    sorts are scored with their own labels; of patches the mean is taken.
    """

    transform: Seat[Augment] = seat(
        default=partial(DiffAugment, policy=("translation",)), help="the paper's T"
    )
    real_weight: float = field(default=10.0, validator=at_least(0), help="the paper's λ_real")
    fake_weight: float = field(default=10.0, validator=at_least(0), help="the paper's λ_fake")

    def forward(self, score: Score, real: Scored, fake: Scored) -> Tensor:
        """λ_real E (D(x) - D(T(x)))² + λ_fake E (D(G(z)) - D(T(G(z))))²."""
        penalty = self.real_weight * self._change(real)
        return penalty + self.fake_weight * self._change(fake) if self.fake_weight else penalty

    def _change(self, scored: Scored) -> Tensor:
        changed = scored.score(self.transform(scored.image))
        return (scored.scores - changed).square().mean()


@part("zcr")
class LatentConsistency(Auxiliary):
    """Latent consistency regularization: scores shall not change where the latent changes a little, while the
    generator's images shall.

    Paper: Zhao et al. 2020, arXiv:2002.04724, the losses of both players in zCR; with `bcr` it is ICR. The
    defaults are those of its smaller networks on CIFAR-10; for BigGAN λ_dis is 20. The change of an image is
    the mean over its pixels of the squared difference.

    Raises:
        FitError: latents are indices.
    """

    reads_features: ClassVar[bool] = False
    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({"deviation": 0.5},)

    weight: float = field(default=5.0, validator=at_least(0), help="the paper's λ_dis")
    generator_weight: float = field(default=0.5, validator=at_least(0), help="the paper's λ_gen")
    deviation: float = field(
        default=0.03, validator=at_least(0), help="the paper's σ, the deviation of the change of the latent"
    )

    def discriminator(self, real: Scored, fake: Scored) -> Tensor:
        """λ_dis E (D(G(z)) - D(G(z + δ)))²."""
        return self.weight * (fake.scores - fake.score(self._near(fake))).square().mean()

    def generator(self, fake: Scored, real: Scored) -> Tensor:
        """-λ_gen E ‖G(z) - G(z + δ)‖²."""
        change = at_least_float32(fake.image - self._near(fake))
        return -self.generator_weight * change.square().mean()

    def _near(self, fake: Scored) -> Tensor:
        latent = fake.latent
        if not latent.is_floating_point():
            raise FitError(
                f"{self.qualified_name} changes latents a little, but these are {latent.dtype}: indices have "
                "no neighbors; take it out, or use a sampler of continuous latents"
            )
        return fake.generate(latent + self.deviation * normal(*latent.shape, like=latent).to(latent))
