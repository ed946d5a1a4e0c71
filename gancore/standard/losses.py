"""Losses of two players, as functions of scores (logits) of any shape; every mean is over all scores."""

import math
from typing import ClassVar

from torch import Tensor
from torch.nn.functional import relu, softplus

from gancore.component.interfaces import Loss
from gancore.component.part import field, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import within
from gancore.errors import FitError

__all__ = [
    "DualContrastive",
    "Hinge",
    "LeastSquares",
    "Minimax",
    "NonSaturating",
    "RelativisticAverage",
    "RelativisticPairing",
    "Wasserstein",
]


@part("minimax")
class Minimax(Loss):
    """The value function of the two-player minimax game. The generator minimizes it unchanged, so its
    gradient saturates.

    Paper: Goodfellow et al. 2014, arXiv:1406.2661, eq. 1, with D(x) the sigmoid of the score. A `real_label`
    below 1 is the one-sided label smoothing of Salimans et al. 2016, arXiv:1606.03498, section 3.4. Scores of
    any shape → float32 scalars.
    """

    real_label: float = field(
        default=1.0, validator=within(0, 1), help="target of the discriminator on real images"
    )

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """-E log D(x) - E log(1 - D(G(z)))."""
        return (
            _cross_entropy(at_least_float32(real), self.real_label) + softplus(at_least_float32(fake)).mean()
        )

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """E log(1 - D(G(z)))."""
        return -softplus(at_least_float32(fake)).mean()


@part("non-saturating")
class NonSaturating(Loss):
    """The minimax game in which the generator maximizes log D(G(z)) instead, for stronger gradients early in
    learning.

    Paper: Goodfellow et al. 2014, arXiv:1406.2661, section 3, with D(x) the sigmoid of the score. A
    `real_label` below 1 is the one-sided label smoothing of Salimans et al. 2016, arXiv:1606.03498, section
    3.4. Scores of any shape → float32 scalars.
    """

    real_label: float = field(
        default=1.0, validator=within(0, 1), help="target of the discriminator on real images"
    )

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """-E log D(x) - E log(1 - D(G(z)))."""
        return (
            _cross_entropy(at_least_float32(real), self.real_label) + softplus(at_least_float32(fake)).mean()
        )

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """-E log D(G(z))."""
        return softplus(-at_least_float32(fake)).mean()


@part("least-squares")
class LeastSquares(Loss):
    """The least squares loss, with targets a for fake and b for real images, and c for the generator's
    images.

    Paper: Mao et al. 2017, arXiv:1611.04076, eq. 2. The default is the paper's 0-1 coding, a = 0 and b = c =
    1, which its experiments use; a = -1, b = 1, c = 0 minimizes the Pearson χ² divergence. Scores of any
    shape → float32 scalars.
    """

    fake_target: float = field(default=0.0, validator=within(-math.inf, math.inf), help="the paper's a")
    real_target: float = field(
        default=1.0, validator=within(-math.inf, math.inf), help="the paper's b; below 1 it smooths the label"
    )
    generator_target: float = field(default=1.0, validator=within(-math.inf, math.inf), help="the paper's c")

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """½ E (D(x) - b)² + ½ E (D(G(z)) - a)²."""
        real_error, fake_error = (
            at_least_float32(real) - self.real_target,
            at_least_float32(fake) - self.fake_target,
        )
        return (real_error.square().mean() + fake_error.square().mean()) / 2

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """½ E (D(G(z)) - c)²."""
        return (at_least_float32(fake) - self.generator_target).square().mean() / 2


@part("hinge")
class Hinge(Loss):
    """The hinge version of the adversarial loss: scores beyond the margin give the discriminator no gradient.

    Paper: Lim & Ye 2017, arXiv:1705.02894; as written in Miyato et al. 2018, arXiv:1802.05957, eq. 16 and 17.
    Scores of any shape → float32 scalars.
    """

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """E max(0, 1 - D(x)) + E max(0, 1 + D(G(z)))."""
        return relu(1 - at_least_float32(real)).mean() + relu(1 + at_least_float32(fake)).mean()

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """-E D(G(z))."""
        return -at_least_float32(fake).mean()


@part("wasserstein")
class Wasserstein(Loss):
    """The Wasserstein-1 distance in its dual form, provided that the critic is kept Lipschitz by another
    part.

    Paper: Arjovsky et al. 2017, arXiv:1701.07875, eq. 2 and algorithm 1. Scores of any shape → float32
    scalars.
    """

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """E f(g(z)) - E f(x): the estimate of the distance, negated, since players minimize."""
        return at_least_float32(fake).mean() - at_least_float32(real).mean()

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """-E f(g(z))."""
        return -at_least_float32(fake).mean()


@part("relativistic-pairing")
class RelativisticPairing(Loss):
    """The relativistic pairing GAN: each fake image is judged relative to one real image, so neither player
    can win alone.

    Paper: Jolicoeur-Martineau 2018, arXiv:1807.00734, section 4.1; as written in Huang et al. 2024 (R3GAN),
    arXiv:2501.05441, eq. 2, with f(t) = -log(1 + e⁻ᵗ). Scores of equal shape → float32 scalars.

    Raises:
        FitError: real and fake scores differ in shape, or the generator's loss was given no real scores.
    """

    needs_real: ClassVar[bool] = True

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """E log(1 + exp(D(G(z)) - D(x)))."""
        return softplus(self._lead(fake, real)).mean()

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """E log(1 + exp(D(x) - D(G(z))))."""
        if real is None:
            raise FitError(
                f"{self.qualified_name}: the generator's loss needs real scores, but got none; "
                "pass generator(fake, real)"
            )
        return softplus(self._lead(real, fake)).mean()

    def _lead(self, ahead: Tensor, behind: Tensor) -> Tensor:
        if ahead.shape != behind.shape:
            raise FitError(
                f"{self.qualified_name} pairs real with fake scores one to one; got shapes "
                f"{tuple(ahead.shape)} and {tuple(behind.shape)}: "
                f"give as many real as fake images"
            )
        return at_least_float32(ahead) - at_least_float32(behind)


@part("relativistic-average", tags=["batch"])
class RelativisticAverage(Loss):
    """The relativistic average GAN: each image is judged relative to the average of the other kind.

    Paper: Jolicoeur-Martineau 2018, arXiv:1807.00734, section 4 (RaSGAN). The averages are over all scores of
    a batch, patches included, so that the loss depends on how the batch is split into micro-batches. Scores
    of any shape → float32 scalars.

    Raises:
        FitError: the generator's loss was given no real scores.
    """

    needs_real: ClassVar[bool] = True

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """-E log σ(D(x) - E D(G(z))) - E log(1 - σ(D(G(z)) - E D(x)))."""
        return self._ahead(at_least_float32(real), at_least_float32(fake))

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """-E log σ(D(G(z)) - E D(x)) - E log(1 - σ(D(x) - E D(G(z))))."""
        if real is None:
            raise FitError(
                f"{self.qualified_name}: the generator's loss needs real scores, but got none; "
                "pass generator(fake, real)"
            )
        return self._ahead(at_least_float32(fake), at_least_float32(real))

    def _ahead(self, ahead: Tensor, behind: Tensor) -> Tensor:
        return softplus(behind.mean() - ahead).mean() + softplus(behind - ahead.mean()).mean()


@part("dual-contrastive", tags=["batch"])
class DualContrastive(Loss):
    """The dual contrastive loss: each real image is told from all generated ones of the batch together, and
    each generated image from all real ones.

    Paper: Yu et al. 2021, arXiv:2103.16748, its dual contrastive loss: a game of two players over the sum of
    both logarithms, maximal over D and minimal over G. The generator's loss is thus the negative of the
    discriminator's, and its gradient fades where the discriminator wins. Batches of the two kinds may
    differ in size; all patches of a map are scores of their own. Scores of any shape → float32 scalars.

    Raises:
        FitError: the generator's loss was given no real scores.
    """

    needs_real: ClassVar[bool] = True

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """E log(1 + Σ exp(D(G(z)) - D(x))) over real x, plus the same over generated G(z)."""
        real, fake = at_least_float32(real).flatten(), at_least_float32(fake).flatten()
        from_fakes = softplus(fake.logsumexp(0) - real).mean()  # Σ over all generated images
        from_reals = softplus(fake + (-real).logsumexp(0)).mean()  # Σ over all real images
        return from_fakes + from_reals

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """The negative of the discriminator's."""
        if real is None:
            raise FitError(
                f"{self.qualified_name}: the generator's loss needs real scores, but got none; "
                "pass generator(fake, real)"
            )
        return -self.discriminator(real, fake)


def _cross_entropy(scores: Tensor, target: float) -> Tensor:
    """-E [target · log σ(s) + (1 - target) · log(1 - σ(s))], finite for every finite score."""
    if target == 1:
        return softplus(-scores).mean()
    return (target * softplus(-scores) + (1 - target) * softplus(scores)).mean()
