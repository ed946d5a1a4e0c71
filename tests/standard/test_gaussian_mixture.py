"""Mixtures of Gaussians: expectation maximization beside scikit-learn's, and the sampler."""

import numpy as np
import pytest
import torch
from sklearn.mixture import GaussianMixture as Oracle

from gancore.errors import DataError
from gancore.nn.gaussian_mixture import CELLS, Mixture, expectation_maximization, mixture_step
from gancore.nn.k_means import k_means_start
from gancore.standard import GaussianMixture

D, K = 3, 4


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def groups(count=900, apart=6.0, seed=0):
    """Rows around K centers, each with a covariance of its own."""
    centers = torch.randn(K, D, generator=rng(seed), dtype=torch.float64) * apart
    mixing = torch.randn(K, D, D, generator=rng(seed + 1), dtype=torch.float64)
    which = torch.randint(K, (count,), generator=rng(seed + 2))
    noise = torch.randn(count, D, generator=rng(seed + 3), dtype=torch.float64)
    return centers[which] + torch.einsum("nij,nj->ni", mixing[which], noise)


def started():
    means = torch.randn(K, D, generator=rng(7), dtype=torch.float64) * 4
    weights = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
    return Mixture(weights, means, torch.eye(D, dtype=torch.float64).expand(K, D, D) * 2)


def oracle(start, iterations):
    return Oracle(
        K,
        max_iter=iterations,
        tol=0.0,
        weights_init=start.weights.numpy(),
        means_init=start.means.numpy(),
        precisions_init=torch.linalg.inv(start.covariances).numpy(),
    )


@pytest.mark.filterwarnings("ignore:.*did not converge")
@pytest.mark.parametrize("iterations", [1, 2, 7])
def test_iterations_are_those_of_scikit_learn(iterations):
    rows, mixture = groups(), started()
    theirs = oracle(mixture, iterations).fit(rows.numpy())
    for _ in range(iterations):
        mixture, likelihood = mixture_step(rows, mixture)
    assert np.allclose(mixture.weights, theirs.weights_, atol=1e-10)
    assert np.allclose(mixture.means, theirs.means_, atol=1e-8)
    assert np.allclose(mixture.covariances, theirs.covariances_, atol=1e-8)
    assert likelihood == pytest.approx(theirs.lower_bound_, abs=1e-9)


def test_the_fit_finds_what_scikit_learn_finds():
    rows = groups()
    found = expectation_maximization(rows, K, rng=rng(), tolerance=1e-9)
    theirs = Oracle(K, tol=1e-9, random_state=0, n_init=3, max_iter=200).fit(rows.numpy())
    order = torch.cdist(torch.from_numpy(theirs.means_), found.means).argmin(1)
    assert sorted(order.tolist()) == list(range(K))
    assert np.allclose(found.weights[order], theirs.weights_, atol=1e-3)
    assert np.allclose(found.means[order], theirs.means_, atol=1e-2)
    assert np.allclose(found.covariances[order], theirs.covariances_, atol=0.05)


def test_blocks_do_not_change_the_result(monkeypatch):
    rows = groups()
    whole = expectation_maximization(rows, K, rng=rng())
    assert len(rows) * K * D < CELLS
    monkeypatch.setattr("gancore.nn.gaussian_mixture.CELLS", 50 * K * D)
    pieces = expectation_maximization(rows, K, rng=rng())
    assert all(torch.allclose(a, b, atol=1e-9) for a, b in zip(whole, pieces, strict=True))


def test_a_fit_to_some_rows_first_ends_where_one_to_all_does(monkeypatch):
    rows = groups()
    whole = expectation_maximization(rows, K, rng=rng(), tolerance=1e-9)
    monkeypatch.setattr("gancore.nn.gaussian_mixture.SUBSET", 300)
    staged = expectation_maximization(rows, K, rng=rng(), tolerance=1e-9)
    order = torch.cdist(whole.means, staged.means).argmin(1)
    assert torch.allclose(whole.means, staged.means[order], atol=1e-3)
    assert torch.allclose(whole.covariances, staged.covariances[order], atol=1e-2)


def test_a_large_offset_costs_no_digits():
    rows = groups()
    near, far = (expectation_maximization(rows + by, K, rng=rng()) for by in (0.0, 1e6))
    assert torch.allclose(near.covariances, far.covariances, atol=1e-5)


def test_the_start_spreads_over_groups_and_bears_equal_rows():
    rows = torch.arange(4.0)[:, None].repeat_interleave(50, 0) * 100
    assert sorted(k_means_start(rows, 4, rng())[:, 0].tolist()) == [0.0, 100.0, 200.0, 300.0]
    assert k_means_start(torch.ones(5, 2), 3, rng()).tolist() == [[1.0, 1.0]] * 3
    found = expectation_maximization(torch.ones(5, 2), 3, rng=rng())
    assert torch.allclose(found.means, torch.ones(3, 2, dtype=torch.float64))
    assert all(value.isfinite().all() for value in found)


def fitted(codes, **options):
    sampler = GaussianMixture(latent=tuple(codes.shape[1:]), **options)
    sampler.fit(codes, rng=rng())
    return sampler


def test_the_sampler_draws_from_what_it_was_fitted_to():
    rows = groups()
    sampler = fitted(rows.float(), components=K)
    drawn = sampler(40_000, rng=rng(1)).double()
    assert torch.allclose(drawn.mean(0), rows.mean(0), atol=0.1)
    assert torch.allclose(drawn.T.cov(), rows.T.cov(), rtol=0.05, atol=0.5)
    nearest = torch.cdist(drawn, sampler.mixture.means).argmin(1)
    share = torch.bincount(nearest, minlength=K) / len(drawn)
    assert torch.allclose(share.double(), sampler.mixture.weights, atol=0.02)


def test_one_component_is_the_gaussian_of_the_codes():
    codes = groups(count=300).float().reshape(300, 3, 1)
    sampler = fitted(codes, components=1)
    flat = codes.flatten(1).double()
    assert torch.allclose(sampler.mixture.means[0], flat.mean(0), atol=1e-5)
    assert torch.allclose(sampler.mixture.covariances[0], flat.T.cov(correction=0), atol=1e-4)
    assert sampler(5, rng=rng()).shape == (5, 3, 1)


def test_the_density_is_that_of_scikit_learn():
    rows = groups(count=200)
    sampler = fitted(rows.float(), components=2)
    theirs = Oracle(2)
    theirs.weights_, theirs.means_, theirs.covariances_ = (value.numpy() for value in sampler.mixture)
    theirs.precisions_cholesky_ = torch.linalg.inv(
        torch.linalg.cholesky(sampler.mixture.covariances)
    ).mT.numpy()
    assert np.allclose(sampler.log_density(rows), theirs.score_samples(rows.numpy()), atol=1e-6)


def test_before_the_fit_it_follows_the_codes_of_updates():
    sampler = GaussianMixture(latent=(D,), components=2, mean_decay=0.0)
    codes = groups(count=500).float()
    drawn = sampler(2000, rng=rng())
    assert torch.allclose(drawn.T.cov(), torch.eye(D), atol=0.1)
    for piece in codes.split(130):
        sampler.observe(piece)
    sampler.update_buffers()
    for k in range(2):
        assert torch.allclose(sampler.means[k], codes.mean(0), atol=1e-4)
        assert torch.allclose(sampler.covariances[k], codes.T.cov(correction=0), rtol=1e-3, atol=1e-2)


def test_equal_codes_can_be_drawn():
    sampler = fitted(torch.full((20, 2), 3.0), components=3)
    assert torch.allclose(sampler(50, rng=rng()), torch.tensor(3.0), atol=0.02)


def test_too_few_codes_are_refused():
    with pytest.raises(DataError, match=r"4 codes cannot be fitted by the 10 Gaussians .* components to 4"):
        fitted(torch.randn(4, 2))
