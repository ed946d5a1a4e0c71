import math

import pytest
import torch
from gancore_vae import (
    VAE,
    Bernoulli,
    ClosedForm,
    Gaussian,
    GaussianEncoder,
    LearnedGaussian,
    MLPDecoder,
    Sampled,
    log_likelihood,
)
from sklearn.decomposition import PCA
from torch import nn
from torch.distributions import Normal, kl_divergence

from gancore.component.interfaces import Generator
from gancore.component.part import part
from gancore.component.randomness import seeded
from gancore.nn.diagonal_gaussian import DiagonalGaussian

IMAGE, Q = (1, 4, 4), 3


@pytest.fixture
def posterior():
    rng = torch.Generator().manual_seed(0)
    return DiagonalGaussian(torch.randn(5, Q, generator=rng), torch.randn(5, Q, generator=rng))


def test_the_closed_form_is_that_of_torch(posterior):
    oracle = kl_divergence(Normal(posterior.mean, (posterior.log_variance / 2).exp()), Normal(0.0, 1.0)).sum(
        1
    )
    assert torch.allclose(ClosedForm()(posterior, posterior.mean), oracle, atol=1e-5)


def test_the_sampled_divergence_has_the_closed_form_as_its_mean(posterior):
    many = posterior.repeat(40_000)
    with seeded(0):
        latent = many.sample()
    estimates = Sampled()(many, latent).reshape(5, -1)
    error = estimates.std(1) / math.sqrt(40_000)
    assert ((estimates.mean(1) - ClosedForm()(posterior, posterior.mean)).abs() < 4 * error).all()


def test_bernoulli_is_the_cross_entropy_of_images_in_0_to_1():
    decoder = MLPDecoder(image=IMAGE, latent=Q, width=8, deviation=1.0)
    code, image = torch.randn(4, Q), torch.rand(4, *IMAGE) * 2 - 1
    x, y = (image + 1) / 2, (decoder(code) + 1) / 2
    oracle = (x * y.log() + (1 - x) * (1 - y).log()).flatten(1).sum(1)
    assert torch.allclose(Bernoulli(image=IMAGE)(decoder, code, image), oracle, atol=1e-4)


def test_bernoulli_stays_finite_where_the_image_saturates():
    decoder = MLPDecoder(image=IMAGE, latent=Q, width=8)
    with torch.no_grad():
        decoder.network[2].bias.fill_(200.0)
    code = torch.zeros(1, Q)
    assert torch.equal(decoder(code), torch.ones(1, *IMAGE))
    value = Bernoulli(image=IMAGE)(decoder, code, -torch.ones(1, *IMAGE))
    assert torch.allclose(value, torch.tensor([-16 * 200.0]))
    value.sum().backward()
    assert torch.allclose(decoder.network[2].bias.grad, torch.full((16,), -1.0))


@pytest.mark.parametrize("kind", [Gaussian, LearnedGaussian])
def test_gaussians_are_those_of_torch(kind):
    decoder = MLPDecoder(image=IMAGE, latent=Q, width=8, deviation=1.0)
    code, image = torch.randn(4, Q), torch.rand(4, *IMAGE) * 2 - 1
    oracle = Normal(decoder(code), 0.3).log_prob(image).flatten(1).sum(1)
    assert torch.allclose(kind(image=IMAGE, deviation=0.3)(decoder, code, image), oracle, rtol=1e-4)


def test_the_learned_deviation_ends_at_the_residual():
    decoder = MLPDecoder(image=IMAGE, latent=Q, width=8)
    likelihood, image = LearnedGaussian(image=IMAGE), torch.rand(64, *IMAGE) * 2 - 1
    optimizer = torch.optim.LBFGS(likelihood.parameters(), line_search_fn="strong_wolfe", max_iter=15)

    def loss():
        optimizer.zero_grad()
        value = -likelihood(decoder, torch.zeros(64, Q), image).mean()
        value.backward()
        return value

    optimizer.step(loss)
    residual = (image - decoder(torch.zeros(64, Q)).detach()).square().mean().sqrt()
    assert float(likelihood.log_deviation.detach().exp()) == pytest.approx(float(residual), rel=1e-3)


def test_bits_per_dimension_count_eight_bit_levels():
    assert float(Bernoulli(image=IMAGE).bits_per_dimension(torch.tensor(-16 * math.log(2)))) == pytest.approx(
        1
    )
    uniform = torch.tensor(-16 * math.log(2 * 256 / 255))
    assert float(Gaussian(image=IMAGE).bits_per_dimension(uniform)) == pytest.approx(8)


@part("linear-oracle")
class Linear(Generator):
    def build(self):
        self.map = nn.Linear(Q, 16)

    @property
    def code_shape(self):
        return (Q,)

    def forward(self, code):
        return self.map(code).reshape(-1, *self.image)


@part("linear-oracle")
class Posterior(GaussianEncoder):
    def build(self):
        self.mean, self.log_variance = nn.Linear(16, Q), nn.Parameter(torch.zeros(Q))

    def moments(self, image):
        mean = self.mean(image.flatten(1))
        return mean, self.log_variance.expand_as(mean)


@pytest.fixture(scope="module")
def linear():
    """The linear Gaussian model, whose log-likelihood scikit-learn knows, with its exact posterior as the
    encoder.
    """
    rng = torch.Generator().manual_seed(0)
    images = torch.randn(300, 16, generator=rng) @ (
        torch.randn(16, 16, generator=rng) * torch.linspace(0.4, 0.02, 16)[:, None]
    )
    oracle = PCA(Q, svd_solver="covariance_eigh").fit(images.double().numpy())
    noise, variance = oracle.noise_variance_, torch.from_numpy(oracle.explained_variance_)
    length, axes, mean = (
        (variance - noise).sqrt(),
        torch.from_numpy(oracle.components_),
        torch.from_numpy(oracle.mean_),
    )
    recipe = VAE(
        image=IMAGE, generator=Linear(), encoder=Posterior(), likelihood=Gaussian(deviation=math.sqrt(noise))
    )
    with torch.no_grad():
        recipe.generator.map.weight.copy_(axes.T * length)
        recipe.generator.map.bias.copy_(mean)
        recipe.encoder.mean.weight.copy_(axes * (length / variance)[:, None])
        recipe.encoder.mean.bias.copy_(-(axes @ mean) * length / variance)
        recipe.encoder.log_variance.copy_((noise / variance).log())
    return recipe, images.reshape(-1, *IMAGE), torch.from_numpy(oracle.score_samples(images.double().numpy()))


def test_the_exact_posterior_gives_the_exact_log_likelihood_from_one_sample(linear):
    recipe, images, exact = linear
    estimate = log_likelihood(recipe, images, samples=1)
    assert torch.allclose(estimate.nats.double(), exact, atol=2e-3)
    assert torch.allclose(estimate.bound, estimate.nats, atol=1e-5)
    bits = -(exact.mean() / 16 + math.log(2 / 255)) / math.log(2)
    assert float(estimate.bits_per_dimension.mean()) == pytest.approx(float(bits), abs=1e-3)


def test_bound_estimate_and_exact_value_stand_in_order(linear):
    recipe, images, exact = linear
    with torch.no_grad():
        recipe.encoder.log_variance += 0.8
    try:
        few, many = (log_likelihood(recipe, images, samples=k) for k in (5, 500))
    finally:
        with torch.no_grad():
            recipe.encoder.log_variance -= 0.8
    assert many.bound.mean() < few.nats.mean() - 0.1
    assert few.nats.mean() < many.nats.mean() < exact.mean() + 0.01
    assert torch.allclose(many.nats.double().mean(), exact.mean(), atol=0.03)


@pytest.mark.parametrize("divergence", [ClosedForm, Sampled])
def test_the_bound_of_training_is_that_of_the_estimate(linear, divergence):
    recipe, images, exact = linear
    other = VAE(
        image=IMAGE,
        generator=recipe.generator,
        encoder=recipe.encoder,
        likelihood=recipe.likelihood,
        divergence=divergence(),
    )
    with seeded(0), torch.no_grad():
        terms = other.terms(images.repeat(200, 1, 1, 1))
    assert float(terms["bound"].mean()) == pytest.approx(float(exact.mean()), abs=0.03)
    assert float(terms["reconstruction"] + terms["divergence"]) == pytest.approx(
        -float(terms["bound"].mean()), abs=1e-3
    )


def test_the_estimate_does_not_depend_on_how_images_are_handed_over(linear):
    recipe, images, _ = linear
    whole = log_likelihood(recipe, images, samples=3, seed=4)
    streamed = log_likelihood(recipe, images.split(128), samples=3, seed=4)
    assert torch.equal(whole.nats, streamed.nats)
    assert not torch.equal(whole.nats, log_likelihood(recipe, images, samples=3, seed=5).nats)
