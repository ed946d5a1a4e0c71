import copy
import math

import pytest
import torch
from gancore_vae import (
    IWAE,
    VAE,
    Bernoulli,
    GaussianEncoder,
    MixturePrior,
    MLPDecoder,
    MLPEncoder,
    log_likelihood,
)

from gancore.component.part import part
from gancore.component.randomness import seeded

IMAGE = (1, 4, 4)


def networks():
    decoder, encoder = MLPDecoder(latent=1, width=4, deviation=0.7), MLPEncoder(width=4, deviation=0.4)
    return {"generator": decoder, "encoder": encoder}


@pytest.fixture(scope="module")
def images():
    rng = torch.Generator().manual_seed(0)
    return torch.randint(0, 2, (6, *IMAGE), generator=rng).float() * 2 - 1


def integrals(recipe, images):
    """log p(x) and the evidence bound of each image, by the trapezoidal rule on a fine grid of latents."""
    axis = torch.linspace(-9, 9, 3601, dtype=torch.float64)
    recipe = copy.deepcopy(recipe).double()
    found = []
    with torch.no_grad():
        for image in images.double():
            logits = recipe.generator.logits(axis[:, None]).flatten(1)
            x = ((image + 1) / 2).flatten()
            given = (x * logits - torch.nn.functional.softplus(logits)).sum(1)  # log p(x | z)
            if isinstance(recipe.prior, MixturePrior):
                prior = recipe.prior.log_density(axis[:, None])
            else:
                prior = -(axis.square() + math.log(2 * math.pi)) / 2
            q = recipe.encoder(image[None])
            mean, variance = q.mean[0], q.log_variance[0].exp()
            log_q = -((axis - mean).square() / variance + variance.log() + math.log(2 * math.pi)) / 2
            exact = torch.trapezoid((given + prior).exp(), axis).log()
            bound = torch.trapezoid(log_q.exp() * (given + prior - log_q), axis)
            found.append((float(exact), float(bound)))
    return torch.tensor(found).T


@pytest.mark.parametrize("divergence", ["closed-form", "sampled"])
def test_the_bound_is_that_of_numerical_integration(images, divergence):
    recipe = VAE(image=IMAGE, divergence=divergence, samples=4000, **networks())
    exact, bound = integrals(recipe, images)
    with seeded(0), torch.no_grad():
        found = recipe.terms(images)["bound"]
    assert torch.allclose(found, bound, atol=0.08)
    assert (bound < exact).all()


@pytest.mark.parametrize("options", [{}, {"prior": "mixture-prior", "divergence": "sampled"}])
def test_the_weighted_estimate_approaches_the_integral(images, options):
    recipe = VAE(image=IMAGE, **networks(), **options)
    exact, bound = integrals(recipe, images)
    found = log_likelihood(recipe, images, samples=4000)
    assert torch.allclose(found.nats, exact, atol=0.05)
    assert torch.allclose(found.bound, bound, atol=0.1)


def test_the_bound_of_training_lies_between_and_grows_with_its_samples(images):
    recipe = IWAE(image=IMAGE, **networks())
    exact, bound = integrals(recipe, images)
    means = []
    for samples in (1, 8, 64):
        recipe.samples = samples
        with seeded(0), torch.no_grad():
            means.append(float(recipe.terms(images.repeat(400, 1, 1, 1))["bound"].mean()))
    assert means == sorted(means)
    assert means[0] == pytest.approx(float(bound.mean()), abs=0.05)
    assert means[2] == pytest.approx(float(exact.mean()), abs=0.05) and means[2] < float(exact.mean()) + 0.02


def test_one_sample_is_the_vae(images):
    pair = networks()
    one, vae = IWAE(image=IMAGE, samples=1, **pair), VAE(image=IMAGE, divergence="sampled", **pair)
    with seeded(0):
        weighted = one.terms(images)["weighted"]
    with seeded(0):
        terms = vae.terms(images)
    assert torch.allclose(weighted, terms["reconstruction"] + terms["divergence"], atol=1e-5)


@part("point-oracle")
class Point(GaussianEncoder):
    """A posterior with a fixed mean and variance, to see what gradients do."""

    def build(self):
        self.mean = torch.nn.Parameter(torch.tensor([0.3]))

    def moments(self, image):
        return self.mean.expand(len(image), 1), torch.full((len(image), 1), -1.0)


def test_gradients_are_weighed_by_normalized_importance(images):
    recipe = IWAE(
        image=IMAGE, samples=3, generator=networks()["generator"], encoder=Point(), likelihood=Bernoulli()
    )
    with seeded(0):
        recipe.terms(images[:1])["weighted"].backward()
    found = recipe.encoder.mean.grad.clone()
    with seeded(0):
        latent = recipe.posterior(images[:1]).repeat(3).sample().detach()
    total, weights, slopes = 0.0, [], []
    for z in latent:
        z = z.clone().requires_grad_()
        # the noise is fixed and the variance too, so that q(z) does not change with the mean
        log_weight = recipe.likelihood(recipe.generator, z[None], images[:1]) - z.square() / 2
        (slope,) = torch.autograd.grad(log_weight.sum(), z)
        q = -(z.detach() - 0.3).square() / (2 * math.exp(-1))
        weights.append(log_weight.detach() - q)
        slopes.append(slope)
    normalized = torch.softmax(torch.cat(weights), 0)
    total = -sum(w * s for w, s in zip(normalized, slopes, strict=True))
    assert torch.allclose(found, total, atol=1e-5)
