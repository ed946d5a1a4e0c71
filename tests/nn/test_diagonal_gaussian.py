import pytest
import torch

from gancore.component.randomness import Rows, own_rows, seeded
from gancore.nn.diagonal_gaussian import DiagonalGaussian


@pytest.fixture
def gaussian():
    rng = torch.Generator().manual_seed(0)
    return DiagonalGaussian(torch.randn(6, 2, 3, generator=rng), torch.randn(6, 2, 3, generator=rng))


def test_log_density_is_that_of_torch(gaussian):
    value = torch.linspace(-2, 2, 36).reshape(6, 2, 3)
    oracle = (
        torch.distributions.Normal(gaussian.mean, (gaussian.log_variance / 2).exp())
        .log_prob(value)
        .sum((1, 2))
    )
    assert torch.allclose(gaussian.log_density(value), oracle, atol=1e-5)


def test_samples_have_its_mean_and_variance(gaussian):
    with seeded(0):
        draws = gaussian.repeat(20_000).sample().reshape(6, 20_000, 2, 3)
    variance = gaussian.log_variance.exp()
    assert ((draws.mean(1) - gaussian.mean).abs() < 5 * (variance / 20_000).sqrt()).all()
    assert torch.allclose(draws.var(1), variance, rtol=0.06)


def test_a_slice_of_the_batch_draws_its_own_rows(gaussian):
    with seeded(0):
        whole = gaussian.repeat(2).sample()
    with seeded(0), own_rows(Rows(6, 2, 5)):
        rows = DiagonalGaussian(gaussian.mean[2:5], gaussian.log_variance[2:5]).repeat(2).sample()
    assert torch.equal(rows, whole[4:10])


def test_gradients_reach_mean_and_variance(gaussian):
    mean, log_variance = gaussian.mean.requires_grad_(), gaussian.log_variance.requires_grad_()
    DiagonalGaussian(mean, log_variance).sample().square().sum().backward()
    assert mean.grad.abs().min() > 0 and log_variance.grad.abs().min() > 0
