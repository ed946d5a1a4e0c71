"""Priors with a density: what a sampler of latents needs so that log p(z) can be trained and reported."""

import math
from abc import abstractmethod

import torch
from torch import Tensor

from gancore.component.interfaces import Sampler
from gancore.component.network_sampler import NetworkSampler
from gancore.component.part import interface
from gancore.component.precision import at_least_float32
from gancore.errors import FitError
from gancore.nn.diagonal_gaussian import DiagonalGaussian
from gancore.standard.samplers import Normal


@interface("sampler")
class Prior(NetworkSampler):
    """A sampler that knows the density of its latents, with weights that are trained along the bound."""

    @abstractmethod
    def log_density(self, latent: Tensor) -> Tensor:
        """log p(z) in nats at `(N, *latent)`: `(N,)` float32."""


def log_density(prior: Sampler, latent: Tensor) -> Tensor:
    """log p(z) in nats at `(N, *latent)` under a `Prior`, or under N(0, I): `(N,)`."""
    if isinstance(prior, Prior):
        return prior.log_density(latent)
    return log_prior(latent)


def log_prior(latent: Tensor) -> Tensor:
    """The log-density of N(0, I) at `(N, *latent)`: `(N,)`."""
    zeros = torch.zeros_like(latent)
    return DiagonalGaussian(zeros, zeros).log_density(latent)


def check_density(prior: Sampler, reader: str) -> None:
    """Raises FitError if the density of a prior is not known."""
    if not isinstance(prior, Prior | Normal):
        raise FitError(
            f"{reader} needs the density of the prior, but {prior.qualified_name} only draws; use "
            "sampler/normal or one with a density (gancore_vae.Prior), such as sampler/mixture-prior"
        )


def normal_noise(uniform: Tensor) -> Tensor:
    """Standard normal numbers of uniform ones in [0, 1), computed in float64 for the tails."""
    quantile: Tensor = torch.special.ndtri(uniform.double() + 2.0**-25)  # never 0 or 1: both are infinite
    return quantile.to(uniform)


def mixture_density(latent: Tensor, parts: DiagonalGaussian, log_weights: Tensor) -> Tensor:
    """log Σ_k π_k N(z; μ_k, σ_k²) at `(N, *latent)`, from K Gaussians and log π `(K,)`: `(N,)`."""
    flat = at_least_float32(latent).flatten(1)  # (N, d)
    mean, log_variance = (t.flatten(1).to(flat) for t in (parts.mean, parts.log_variance))  # (K, d)
    # Σ (z - μ)² / σ² as products of matrices: no tensor (N, K, d)
    precision = torch.exp(-log_variance)
    squares = (
        flat.square() @ precision.T - 2 * flat @ (mean * precision).T + (mean.square() * precision).sum(1)
    )
    constants = log_variance.sum(1) + flat.shape[1] * math.log(2 * math.pi)  # (K,)
    return torch.logsumexp(log_weights.to(flat) - (squares + constants) / 2, 1)  # (N,)
