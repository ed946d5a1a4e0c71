"""The importance-weighted estimate of log p(x)."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from gancore.component.interfaces import Conditioner, Generator, Sampler
from gancore.component.randomness import fold, seeded
from gancore.errors import UserError
from gancore.pipeline import Pipeline, evaluating
from gancore_vae.encoding import Encoding
from gancore_vae.ladder import LadderEncoder
from gancore_vae.likelihoods import Likelihood
from gancore_vae.networks import GaussianEncoder
from gancore_vae.priors import check_density, log_density

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


class Model(NamedTuple):
    """p(x | z), p(z) and q(z | x), as parts."""

    encoder: GaussianEncoder | LadderEncoder
    prior: Sampler
    conditioner: Conditioner
    generator: Generator
    likelihood: Likelihood


def log_likelihood(
    model: Encoding | Pipeline,
    images: Tensor | Iterable[Tensor],
    *,
    labels: Tensor | Iterable[Tensor] | None = None,
    likelihood: Likelihood | None = None,
    samples: int = 100,
    seed: int = 0,
) -> Estimate:
    """Estimates log p(x) by log 1/K Σ p(x | z_k) p(z_k) / q(z_k | x), z_k drawn from q(z | x).

    Paper: Burda et al. 2015, arXiv:1509.00519, eq. 8. In expectation it is a lower bound of log p(x), which
    becomes tighter with K, the number of `samples`; for K = 1 it is the evidence lower bound. Memory does not
    grow with K or with the number of images. With labels it is log p(x | y).

    Images are `(N, C, H, W)` in [-1, 1], or an iterable of such batches; labels have as many rows in each. A
    pipeline does not hold a likelihood, so pass the one that it was trained with.

    Raises:
        UserError: the model has no likelihood or no encoder with a density, there are no images, the model
            reads labels and none were given, or `samples` is below 1.
        FitError: the density of the prior is not known.
    """
    if samples < 1:
        raise UserError(f"log_likelihood: samples must be at least 1; got {samples}")
    parts = _parts(model, likelihood)
    if labels is None and (parts.encoder.conditional or parts.conditioner.conditional):
        raise UserError("log_likelihood: the model reads labels; give labels of the images")
    device = next(parts.encoder.parameters()).device
    nats, bounds = [], []
    with torch.no_grad(), evaluating(*parts):
        for i, (image, label) in enumerate(_chunks(images, labels)):
            with seeded(fold(seed, "log-likelihood", i), device):
                mark = None if label is None else label.to(device)
                whole, mean = _weigh(parts, image.to(device), mark, samples)
            nats.append(whole.cpu())
            bounds.append(mean.cpu())
    if not nats:
        raise UserError("log_likelihood got no images; give at least one")
    joined = torch.cat(nats)
    return Estimate(joined, torch.cat(bounds), parts.likelihood.bits_per_dimension(joined))


def _weigh(model: Model, image: Tensor, label: Tensor | None, samples: int) -> tuple[Tensor, Tensor]:
    """The log of the mean weight and the mean log weight, each `(N,)`, from one draw per image at a time."""
    posterior = model.encoder(image, label) if model.encoder.conditional else model.encoder(image)
    total = torch.full((len(image),), -torch.inf, device=image.device)
    mean = torch.zeros(len(image), device=image.device)
    for _ in range(samples):
        latent = posterior.sample()  # (N, *latent)
        given = model.likelihood(model.generator, model.conditioner(latent, label), image)  # log p(x | z)
        # log p(x, z) / q(z | x), (N,)
        weight = given + log_density(model.prior, latent) - posterior.log_density(latent)
        total, mean = torch.logaddexp(total, weight), mean + weight / samples
    return total - torch.tensor(float(samples)).log(), mean  # eq. 8 and the bound, (N,) each


def _parts(model: Encoding | Pipeline, likelihood: Likelihood | None) -> Model:
    if isinstance(model, Encoding):
        model.require()
        likelihood = likelihood or getattr(model, "likelihood", None)
        model = model.pipelines()["image"]
    encoder, prior = model.encoder, model.sampler
    if not isinstance(encoder, GaussianEncoder | LadderEncoder) or prior is None:
        raise UserError(
            "log_likelihood needs an encoder with a Gaussian posterior; "
            f"the model has {getattr(encoder, 'qualified_name', 'none')}"
        )
    check_density(prior, "log_likelihood")
    if likelihood is None:
        raise UserError(
            "a pipeline does not hold a likelihood; pass the one it was trained with, "
            "for example likelihood=Bernoulli()"
        )
    if not likelihood.built:
        likelihood.bind(facts={"image": model.generator.image}, by=model.generator.qualified_name)
    likelihood.check(model.generator)
    return Model(encoder, prior, model.conditioner, model.generator, likelihood)


def _chunks(
    images: Tensor | Iterable[Tensor], labels: Tensor | Iterable[Tensor] | None
) -> Iterator[tuple[Tensor, Tensor | None]]:
    batches = [images] if isinstance(images, Tensor) else images
    marks = [labels] if isinstance(labels, Tensor) else labels
    pairs = ((batch, None) for batch in batches) if marks is None else zip(batches, marks, strict=True)
    for batch, mark in pairs:
        pieces = [None] * len(batch) if mark is None else mark.split(CHUNK)
        yield from zip(batch.split(CHUNK), pieces, strict=False)
