"""Divergences of the aggregated posterior q(z) from the prior, by the maximum mean discrepancy (MMD)."""

from typing import ClassVar

from torch import Tensor

from gancore.component.part import Seat, field, part, seat
from gancore.component.validators import at_least
from gancore.errors import FitError
from gancore_vae.divergences import ClosedForm, Inferred
from gancore_vae.kernels import GaussianKernel, InverseMultiquadratic, Kernel, discrepancy


@part("info", tags=["batch"])
class Info(ClosedForm):
    """InfoVAE: (1 - α) D_KL(q(z | x) ‖ p(z)) + (α + λ - 1) MMD²(q(z), p(z)), with p(z) = N(0, I).

    Paper: Zhao, Song & Ermon 2017, arXiv:1706.02262, with the maximum mean discrepancy as the
    divergence of q(z): the MMD-VAE, for α = 1. Draws of the posterior are compared with as many from the
    prior; the estimate is unbiased, where the paper's keeps the pairs of a row with itself. Rows are those
    that are processed together.

    Raises:
        FitError: the weight of MMD² is negative.
    """

    draws: ClassVar[bool] = True

    alpha: float = field(default=1.0, validator=at_least(0), help="the paper's α; 1 leaves MMD² alone")
    strength: float = field(default=1000.0, validator=at_least(0), help="the paper's λ")
    kernel: Seat[Kernel] = seat(default=GaussianKernel)

    def build(self) -> None:
        """Checks the weights."""
        if self.alpha + self.strength < 1:
            raise FitError(
                f"{self.qualified_name}: alpha + strength - 1, the weight of the discrepancy, is "
                f"{self.alpha + self.strength - 1:g}; increase strength"
            )

    def penalty(self, nats: Tensor, inferred: Inferred) -> Tensor:
        """Both terms: `(N,)`."""
        weight = self.alpha + self.strength - 1
        return (1 - self.alpha) * nats + weight * _discrepancy(self.kernel, inferred)  # (N,)


@part("wae-mmd", tags=["batch"])
class WassersteinMMD(ClosedForm):
    """WAE-MMD: λ MMD²(q(z), p(z)) in place of the divergence of each posterior, with p(z) = N(0, I).

    Paper: Tolstikhin et al. 2017, arXiv:1711.01558, algorithm 2. The paper's squared error is
    -log p(x | z) under `likelihood/gaussian` with deviation √½, up to a constant; the preset `wae-mmd` takes
    it. Encoders here give a Gaussian, as the paper allows; where nothing holds it, its variance falls to
    zero. Rows are those that are processed together.
    """

    draws: ClassVar[bool] = True

    strength: float = field(default=10.0, validator=at_least(0), help="the paper's λ")
    kernel: Seat[Kernel] = seat(default=InverseMultiquadratic)

    def penalty(self, nats: Tensor, inferred: Inferred) -> Tensor:
        """λ MMD², the same for all rows: `(N,)`."""
        return self.strength * _discrepancy(self.kernel, inferred).expand(len(nats))


def _discrepancy(kernel: Kernel, inferred: Inferred) -> Tensor:
    if inferred.drawn is None or len(inferred.latent) < 2:
        raise FitError(
            f"the discrepancy by {kernel.qualified_name} compares two rows or more with draws from the "
            f"prior, but got {len(inferred.latent)} rows; use larger batches"
        )
    return discrepancy(kernel, inferred.latent, inferred.drawn)
