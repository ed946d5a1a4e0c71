"""The divergence in three parts, weighted each."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from gancore.component.part import field, part
from gancore.component.validators import at_least
from gancore.nn.diagonal_gaussian import DiagonalGaussian
from gancore_vae.divergences import Inferred, Sampled
from gancore_vae.priors import log_density


class Decomposed(NamedTuple):
    """Three parts of the divergence in nats, each `(N,)`; their sum is log q(z | x) - log p(z)."""

    information: Tensor
    total_correlation: Tensor
    dimension_wise: Tensor


@part("total-correlation", tags=["batch"])
class TotalCorrelation(Sampled):
    """β-TC-VAE: α I(x; z) + β KL(q(z) ‖ Π q(z_j)) + γ Σ KL(q(z_j) ‖ p(z_j)).

    Paper: Chen et al. 2018, arXiv:1802.04942, with q(z) and q(z_j) estimated from the other rows of
    the batch. Minibatch-weighted sampling divides by N M, the images of the data times those of the batch;
    here it is M alone. That moves the three parts by log N each way, and no gradient. Rows are those that are
    processed together: micro-batches and processes estimate from their own.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({}, {"alpha": 0.5, "beta": 2.0})

    alpha: float = field(default=1.0, validator=at_least(0), help="weight of the mutual information")
    beta: float = field(default=6.0, validator=at_least(0), help="weight of the total correlation")
    gamma: float = field(
        default=1.0, validator=at_least(0), help="weight of the divergence of each dimension"
    )

    def penalty(self, nats: Tensor, inferred: Inferred) -> Tensor:
        """The three parts, weighted: `(N,)`."""
        found = self.decomposed(inferred)
        return (
            self.alpha * found.information
            + self.beta * found.total_correlation
            + self.gamma * found.dimension_wise
        )  # (N,)

    def decomposed(self, inferred: Inferred) -> Decomposed:
        """The three parts at each draw from the posterior, each `(N,)`."""
        posterior, latent, prior, _ = inferred
        pairs = log_densities(posterior, latent)  # log q(z_j(n) | x(m)), (N, N, d)
        rows = math.log(len(latent))
        joint = torch.logsumexp(pairs.sum(2), 1) - rows  # log q(z), (N,)
        product = (torch.logsumexp(pairs, 1) - rows).sum(1)  # Σ log q(z_j), (N,)
        return Decomposed(
            posterior.log_density(latent) - joint, joint - product, product - log_density(prior, latent)
        )


def log_densities(posterior: DiagonalGaussian, latent: Tensor) -> Tensor:
    """The log-density of each coordinate of latent n `(N, *latent)` under the posterior of image m: `(N, M,
    d)`.
    """
    flat, mean, log_variance = (
        t.flatten(1) for t in (latent, posterior.mean, posterior.log_variance)
    )  # (N, d), (M, d), (M, d)
    squares = (flat[:, None] - mean).square() * torch.exp(-log_variance)  # (N, M, d)
    return -(squares + log_variance + math.log(2 * math.pi)) / 2
