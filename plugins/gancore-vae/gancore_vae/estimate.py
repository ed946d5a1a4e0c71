"""The importance-weighted estimate of log p(x)."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from gancore.component.interfaces import Generator
from gancore.component.randomness import fold, seeded
from gancore.errors import UserError
from gancore.pipeline import Pipeline, evaluating
from gancore_vae.divergences import Sampled
from gancore_vae.likelihoods import Likelihood
from gancore_vae.networks import GaussianEncoder
from gancore_vae.recipe import VAE

CHUNK = 64
"""Images processed at a time; their noise depends on the seed and the index of the chunk."""


class Estimate(NamedTuple):
    """One value per image, `(N,)`, on the CPU.

    `nats` estimates log p(x), `bound` the evidence lower bound, which is smaller, both in nats;
    `bits_per_dimension` is `nats` in bits per value.
    """

    nats: Tensor
    bound: Tensor
    bits_per_dimension: Tensor


def log_likelihood(
    model: VAE | Pipeline,
    images: Tensor | Iterable[Tensor],
    *,
    likelihood: Likelihood | None = None,
    samples: int = 100,
    seed: int = 0,
) -> Estimate:
    """Estimates log p(x) by log 1/K Σ p(x | z_k) p(z_k) / q(z_k | x), z_k drawn from q(z | x).

    Paper: Burda et al. 2015, arXiv:1509.00519, eq. 8. In expectation it is a lower bound of log p(x), which
    becomes tighter with K, the number of `samples`; for K = 1 it is the evidence lower bound. Memory does not
    grow with K or with the number of images.

    Images are `(N, C, H, W)` in [-1, 1], or an iterable of such batches. A pipeline does not hold a
    likelihood, so pass the one that it was trained with.

    Raises:
        UserError: a pipeline comes without a likelihood or has no Gaussian encoder, there are no images, or
            `samples` is below 1.
    """
    if samples < 1:
        raise UserError(f"log_likelihood: samples must be at least 1; got {samples}")
    encoder, generator, p = _parts(model, likelihood)
    device = next(encoder.parameters()).device
    nats, bounds = [], []
    with torch.no_grad(), evaluating(encoder, generator, p):
        for i, chunk in enumerate(_chunks(images)):
            with seeded(fold(seed, "log-likelihood", i), device):
                whole, mean = _weigh(encoder, generator, p, chunk.to(device), samples)
            nats.append(whole.cpu())
            bounds.append(mean.cpu())
    if not nats:
        raise UserError("log_likelihood got no images; give at least one")
    joined = torch.cat(nats)
    return Estimate(joined, torch.cat(bounds), p.bits_per_dimension(joined))


def _weigh(
    encoder: GaussianEncoder, generator: Generator, p: Likelihood, image: Tensor, samples: int
) -> tuple[Tensor, Tensor]:
    """The log of the mean weight and the mean log weight, each `(N,)`, from one draw per image at a time."""
    posterior, divergence = encoder(image), Sampled()
    total, mean = (
        torch.full((len(image),), -torch.inf, device=image.device),
        torch.zeros(len(image), device=image.device),
    )
    for _ in range(samples):
        latent = posterior.sample()  # (N, *latent)
        weight = p(generator, latent, image) - divergence(posterior, latent)  # log p(x, z) / q(z | x), (N,)
        total, mean = torch.logaddexp(total, weight), mean + weight / samples
    return total - torch.tensor(float(samples)).log(), mean  # eq. 8 and the bound, (N,) each


def _parts(
    model: VAE | Pipeline, likelihood: Likelihood | None
) -> tuple[GaussianEncoder, Generator, Likelihood]:
    encoder = model.encoder
    if isinstance(model, VAE):
        model.require()
        likelihood = likelihood or model.likelihood
    if not isinstance(encoder, GaussianEncoder):
        raise UserError(
            "log_likelihood needs an encoder with a Gaussian posterior; "
            f"the model has {getattr(encoder, 'qualified_name', 'none')}"
        )
    if likelihood is None:
        raise UserError(
            "a pipeline does not hold a likelihood; pass the one it was trained with, "
            "for example likelihood=Bernoulli()"
        )
    if not likelihood.built:
        likelihood.bind(facts={"image": model.generator.image}, by=model.generator.qualified_name)
    likelihood.check(model.generator)
    return encoder, model.generator, likelihood


def _chunks(images: Tensor | Iterable[Tensor]) -> Iterator[Tensor]:
    for batch in [images] if isinstance(images, Tensor) else images:
        yield from batch.split(CHUNK)
