import math

import pytest
import torch
from gancore_vae import SecondStage, TwoStageVAE
from torch.distributions import Normal

from gancore import create
from gancore.component.randomness import seeded
from gancore.errors import FitError
from gancore.standard import Adam
from gancore.training.run import TrainingRun

IMAGE = (1, 8, 8)


class Halves:
    position = 0

    def next(self, n=None):
        self.position += n
        rng = torch.Generator().manual_seed(self.position)
        halves = torch.randint(0, 2, (n, 1, 2, 1), generator=rng).float() * 2 - 1
        return {"image": halves.repeat_interleave(4, 2).expand(n, *IMAGE).contiguous()}


def small(**options):
    """A second stage over networks that are frozen, as those of a run with `frozen = true`."""
    networks = {
        "generator": {"part": "convolutional-decoder", "width": 4, "latent": 2, "frozen": True},
        "encoder": {"part": "convolutional-encoder", "width": 4, "frozen": True},
    }
    return TwoStageVAE(image=IMAGE, prior=SecondStage(width=32, depth=2), **networks, **options)


def test_a_draw_follows_u_and_the_noise_around():
    sampler = SecondStage(latent=(3,), width=8, depth=1)
    with torch.no_grad():
        sampler.log_deviation.fill_(math.log(0.1))
    noise = torch.rand(5, 6)
    u, around = torch.special.ndtri(noise.double()).float().chunk(2, 1)
    assert torch.allclose(sampler.latents(noise), sampler.decoder(u) + 0.1 * around, atol=1e-4)
    latent = torch.randn(5, 3)
    expected = Normal(sampler.decoder(u), 0.1).log_prob(latent).sum(1)
    assert torch.allclose(sampler.log_likelihood(latent, u), expected, rtol=1e-4)


def test_the_second_stage_learns_where_the_latents_are():
    recipe = small(optimizer=Adam(lr=5e-3, betas=(0.9, 0.999)))
    with torch.no_grad():
        recipe.encoder.linear.bias[:2] = torch.tensor([3.0, -2.0])
        recipe.encoder.linear.bias[2:] = -4.0
    before = [p.clone() for p in (*recipe.encoder.parameters(), *recipe.generator.parameters())]
    run = TrainingRun(recipe, Halves(), batch=32)
    for _ in range(250):
        recipe.step(run)
        run.step += 1
    after = [*recipe.encoder.parameters(), *recipe.generator.parameters()]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    with torch.no_grad():
        latent = recipe.posterior(Halves().next(256)["image"]).sample()
        drawn = recipe.prior.eval()(512, rng=torch.Generator().manual_seed(0))
    assert torch.allclose(drawn.mean(0), latent.mean(0), atol=0.4)
    assert torch.allclose(drawn.std(0), latent.std(0), atol=0.4)


def test_the_terms_are_the_bound_of_the_latents():
    recipe, image = small(), Halves().next(4)["image"]
    with seeded(0), torch.no_grad():
        terms = recipe.terms(image)
    with seeded(0), torch.no_grad():
        latent = recipe.posterior(image).sample()
        posterior = recipe.prior.posterior(latent)
        u = posterior.sample()
    divergence = (posterior.mean.square() + posterior.log_variance.exp() - 1 - posterior.log_variance).sum(
        1
    ) / 2
    assert float(terms["divergence"]) == pytest.approx(float(divergence.mean()), rel=1e-4)
    expected = -float(recipe.prior.log_likelihood(latent, u).detach().mean())
    assert float(terms["reconstruction"]) == pytest.approx(expected, rel=1e-4)


def test_a_first_stage_that_is_not_frozen_is_refused():
    loose = create("two-stage-vae", {"generator.width": 4, "encoder.width": 4}, image=IMAGE)
    with pytest.raises(FitError, match="player"):
        TrainingRun(loose, Halves(), batch=4)
