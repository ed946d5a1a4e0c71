"""The divergence of the posterior from the prior N(0, I)."""

from abc import abstractmethod

import torch
from torch import Tensor

from gancore.component.part import Part, interface, part
from gancore.nn.diagonal_gaussian import DiagonalGaussian


@interface("divergence")
class Divergence(Part):
    """D_KL(q(z | x) ‖ p(z)) in nats, or an unbiased estimate of it, p(z) = N(0, I): `(posterior, latent)` →
    `(N,)`.

    `latent` `(N, *latent)` was drawn from the posterior.
    """

    @abstractmethod
    def forward(self, posterior: DiagonalGaussian, latent: Tensor) -> Tensor:
        """Posterior and its draw `(N, *latent)` → `(N,)`."""


@part("closed-form")
class ClosedForm(Divergence):
    """-½ Σ (1 + log σ² - μ² - σ²).

    Paper: Kingma & Welling 2013, arXiv:1312.6114, appendix B and eq. 10: with it the bound is estimator B
    (eq. 7).
    """

    def forward(self, posterior: DiagonalGaussian, latent: Tensor) -> Tensor:
        """Posterior and its draw `(N, *latent)` → `(N,)`."""
        log_variance = posterior.log_variance
        return -(1 + log_variance - posterior.mean.square() - log_variance.exp()).flatten(1).sum(1) / 2


@part("sampled")
class Sampled(Divergence):
    """log q(z | x) - log p(z) at the draw.

    Paper: Kingma & Welling 2013, arXiv:1312.6114: with it the bound is estimator A (eq. 6), which needs no
    closed form and has more variance.
    """

    def forward(self, posterior: DiagonalGaussian, latent: Tensor) -> Tensor:
        """Posterior and its draw `(N, *latent)` → `(N,)`."""
        return posterior.log_density(latent) - log_prior(latent)


def log_prior(latent: Tensor) -> Tensor:
    """The log-density of N(0, I) at `(N, *latent)`: `(N,)`."""
    nothing = torch.zeros_like(latent)
    return DiagonalGaussian(nothing, nothing).log_density(latent)
