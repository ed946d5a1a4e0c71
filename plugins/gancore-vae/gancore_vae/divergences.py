"""The divergence of the posterior from the prior N(0, I)."""

from abc import abstractmethod

import torch
from torch import Tensor

from gancore.component.part import Part, interface, part
from gancore.nn.diagonal_gaussian import DiagonalGaussian


@interface("divergence")
class Divergence(Part):
    """D_KL(q(z | x) ‖ p(z)) in nats with p(z) = N(0, I), or an unbiased estimate of it.

    `(posterior, latent)` → `(N,)`, where `latent` `(N, *latent)` was drawn from the posterior.
    """

    @abstractmethod
    def forward(self, posterior: DiagonalGaussian, latent: Tensor) -> Tensor:
        """A posterior and a draw `(N, *latent)` from it → `(N,)`."""


@part("closed-form")
class ClosedForm(Divergence):
    """The closed form of the divergence between Gaussians, -½ Σ (1 + log σ² - μ² - σ²).

    Paper: Kingma & Welling 2013, arXiv:1312.6114, appendix B. With it the bound is estimator B (eq. 7), for
    Gaussians eq. 10.
    """

    def forward(self, posterior: DiagonalGaussian, latent: Tensor) -> Tensor:
        """A posterior and a draw `(N, *latent)` from it → `(N,)`."""
        log_variance = posterior.log_variance  # (N, *latent)
        terms = 1 + log_variance - posterior.mean.square() - log_variance.exp()  # (N, *latent)
        return -terms.flatten(1).sum(1) / 2  # appendix B; the divergence of eq. 10, (N,)


@part("sampled")
class Sampled(Divergence):
    """The Monte Carlo estimate of the divergence, log q(z | x) - log p(z) at the draw.

    Paper: Kingma & Welling 2013, arXiv:1312.6114. With it the bound is estimator A (eq. 6), which needs no
    closed form but has a higher variance.
    """

    def forward(self, posterior: DiagonalGaussian, latent: Tensor) -> Tensor:
        """A posterior and a draw `(N, *latent)` from it → `(N,)`."""
        return posterior.log_density(latent) - log_prior(latent)  # the divergence of eq. 6, (N,)


def log_prior(latent: Tensor) -> Tensor:
    """The log-density of N(0, I) at `(N, *latent)`: `(N,)`."""
    zeros = torch.zeros_like(latent)
    return DiagonalGaussian(zeros, zeros).log_density(latent)
