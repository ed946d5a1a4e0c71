import math

import pytest
import torch
from gancore_vae import (
    VAE,
    GaussianKernel,
    Info,
    InverseMultiquadratic,
    MixturePrior,
    TotalCorrelation,
    WassersteinMMD,
)
from gancore_vae.divergences import Inferred
from gancore_vae.kernels import discrepancy
from torch.distributions import Normal

from gancore import create
from gancore.component.randomness import seeded
from gancore.errors import FitError
from gancore.nn.diagonal_gaussian import DiagonalGaussian
from gancore.standard.samplers import Normal as NormalSampler
from gancore.training.run import TrainingRun

IMAGE = (1, 8, 8)


@pytest.fixture
def inferred():
    rng = torch.Generator().manual_seed(0)
    mean, log_variance = (torch.randn(5, 3, generator=rng) for _ in range(2))
    posterior = DiagonalGaussian(mean, log_variance)
    with seeded(0):
        return Inferred(posterior, posterior.sample(), NormalSampler(latent=(3,)), torch.randn(5, 3))


def test_the_three_parts_are_those_of_a_loop_and_sum_to_the_divergence(inferred):
    found = TotalCorrelation().decomposed(inferred)
    posterior, latent, _, _ = inferred
    each = [
        [Normal(m, math.exp(v / 2)) for m, v in zip(mean.tolist(), log_variance.tolist(), strict=True)]
        for mean, log_variance in zip(posterior.mean, posterior.log_variance, strict=True)
    ]
    for n, z in enumerate(latent):
        densities = torch.tensor(
            [[float(q.log_prob(v)) for q, v in zip(row, z, strict=True)] for row in each]
        )
        joint = float(densities.sum(1).exp().mean().log())
        product = float(densities.exp().mean(0).log().sum())
        own = float(densities[n].sum())
        prior = float(Normal(0.0, 1.0).log_prob(z).sum())
        expected = (own - joint, joint - product, product - prior)
        assert [float(part[n]) for part in found] == pytest.approx(expected, abs=1e-4)
    nats = TotalCorrelation().nats(inferred)
    assert torch.allclose(sum(found), nats, atol=1e-4)
    weighted = TotalCorrelation(alpha=2.0, beta=3.0, gamma=4.0).penalty(nats, inferred)
    assert torch.allclose(weighted, 2 * found[0] + 3 * found[1] + 4 * found[2], atol=1e-4)


def test_independent_coordinates_have_no_total_correlation():
    # every posterior is the same, so that q(z) is its own product
    posterior = DiagonalGaussian(torch.zeros(6, 2), torch.zeros(6, 2))
    found = TotalCorrelation().decomposed(
        Inferred(posterior, torch.randn(6, 2), NormalSampler(latent=(2,)), None)
    )
    assert all(float(part.abs().max()) < 1e-5 for part in found)


@pytest.mark.parametrize(
    ("kernel", "value"),
    [
        (GaussianKernel(width=0.5), lambda square, d: math.exp(-square / (d * 0.25))),
        (InverseMultiquadratic(deviation=2.0), lambda square, d: 8 * d / (8 * d + square)),
    ],
)
def test_the_discrepancy_is_that_of_a_loop(kernel, value):
    a, b = torch.randn(3, 2), torch.randn(4, 2)

    def mean(x, y, same):
        pairs = [
            value(float((p - q).square().sum()), 2)
            for i, p in enumerate(x)
            for j, q in enumerate(y)
            if not (same and i == j)
        ]
        return sum(pairs) / len(pairs)

    expected = mean(a, a, True) + mean(b, b, True) - 2 * mean(a, b, False)
    assert float(discrepancy(kernel, a, b)) == pytest.approx(expected, abs=1e-5)


def test_the_discrepancy_is_unbiased_and_sees_a_shift():
    rng = torch.Generator().manual_seed(0)
    kernel = InverseMultiquadratic()
    same = torch.stack(
        [
            discrepancy(kernel, torch.randn(8, 2, generator=rng), torch.randn(8, 2, generator=rng))
            for _ in range(400)
        ]
    )
    assert float(same.mean().abs()) < 4 * float(same.std()) / 20 and float(same.min()) < 0
    shifted = discrepancy(kernel, torch.randn(200, 2, generator=rng) + 2, torch.randn(200, 2, generator=rng))
    assert float(shifted) > 0.2


def test_info_and_wae_weigh_what_their_papers_weigh(inferred):
    mmd = discrepancy(GaussianKernel(), inferred.latent, inferred.drawn)
    nats = torch.rand(5)
    found = Info(alpha=0.25, strength=10.0).penalty(nats, inferred)
    assert torch.allclose(found, 0.75 * nats + 9.25 * mmd, atol=1e-5)
    wae = WassersteinMMD(strength=3.0).penalty(nats, inferred)
    other = discrepancy(InverseMultiquadratic(), inferred.latent, inferred.drawn)
    assert torch.allclose(wae, (3 * other).expand(5), atol=1e-5)


class Noise:
    position = 0

    def next(self, n=None):
        self.position += n
        return {
            "image": torch.rand(n, *IMAGE, generator=torch.Generator().manual_seed(self.position)) * 2 - 1
        }


@pytest.mark.parametrize("name", ["beta-tc-vae", "info-vae", "wae-mmd"])
def test_presets_train(name):
    small = {"generator.width": 4, "generator.latent": 3, "encoder.width": 4}
    recipe = create(name, small, image=IMAGE)
    run = TrainingRun(recipe, Noise(), batch=8)
    recipe.step(run)
    log = run.take_log()
    assert math.isfinite(log["bound"]) and math.isfinite(log["model/divergence"])


def test_the_squared_error_of_the_wasserstein_preset():
    recipe = create("wae-mmd", {"generator.width": 4, "encoder.width": 4}, image=IMAGE)
    image, code = Noise().next(3)["image"], torch.randn(3, 64)
    squared = (image - recipe.generator(code)).square().flatten(1).sum(1)
    found = recipe.likelihood(recipe.generator, code, image)
    assert torch.allclose(-found, squared + 64 * math.log(math.pi) / 2, atol=1e-3)


def test_what_does_not_fit_is_refused(inferred):
    with pytest.raises(FitError, match="the weight of the discrepancy, is -0.5; increase strength"):
        Info(alpha=0.5, strength=0.0)
    with pytest.raises(FitError, match=r"compares with N\(0, I\), but the prior is sampler/mixture-prior"):
        VAE(image=IMAGE, prior=MixturePrior(), divergence=WassersteinMMD())
    with pytest.raises(FitError, match="compares two rows or more"):
        VAE(image=IMAGE, divergence=WassersteinMMD()).terms(torch.zeros(1, *IMAGE), None, torch.zeros(1, 64))
