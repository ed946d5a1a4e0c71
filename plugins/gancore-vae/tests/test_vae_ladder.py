import math

import pytest
import torch
from gancore_vae import ConvolutionalDecoder, ConvolutionalEncoder, Ladder, LadderVAE, log_likelihood
from gancore_vae.ladder import Rung, combined, drawn
from torch.distributions import Normal, kl_divergence

from gancore.component.randomness import seeded
from gancore.nn.diagonal_gaussian import DiagonalGaussian
from gancore.pipeline import Pipeline
from gancore.standard import Adam
from gancore.training.run import TrainingRun

IMAGE = (1, 8, 8)


def gaussian(*shape, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return DiagonalGaussian(torch.randn(*shape, generator=rng), torch.randn(*shape, generator=rng))


def torchs(gaussian):
    return Normal(gaussian.mean, torch.exp(gaussian.log_variance / 2))


def small(**options):
    networks = {
        "generator": ConvolutionalDecoder(width=4, latent=3),
        "encoder": ConvolutionalEncoder(width=4),
        "conditioner": Ladder(above=(2, 4), width=8),
    }
    return LadderVAE(image=IMAGE, **{**networks, **options})


def test_two_gaussians_combine_to_their_product():
    one, other = gaussian(4, 3), gaussian(4, 3, seed=1)
    both, axis = torchs(combined(one, other)), torch.linspace(-3, 3, 7)[:, None, None]
    product = torchs(one).log_prob(axis) + torchs(other).log_prob(axis)
    difference = product - both.log_prob(axis)
    assert torch.allclose(difference, difference[:1].expand_as(difference), atol=1e-3)


def test_the_divergence_of_a_layer_is_that_of_torch():
    q, p = gaussian(4, 3), gaussian(4, 3, seed=1)
    expected = kl_divergence(torchs(q), torchs(p)).sum(1)
    assert torch.allclose(Rung(q, p, q.mean).divergence(), expected, atol=1e-4)


def test_the_latent_is_the_noise_of_all_layers():
    recipe = small()
    assert recipe.conditioner.latent_shape == recipe.encoder.latent == recipe.prior.latent == (2 + 4 + 3,)
    posterior = recipe.inference(torch.randn(5, *IMAGE))
    rungs = posterior.descend(lambda q, p: q.mean)
    code = recipe.conditioner(posterior.mean)
    assert torch.allclose(code, rungs[-1].latent, atol=1e-5)


def test_without_evidence_the_posterior_is_the_prior():
    recipe = small()
    with torch.no_grad():
        recipe.encoder.linear.weight.zero_()
        recipe.encoder.linear.bias.zero_()
        recipe.encoder.linear.bias[9 + 2 :] = 60.0  # of all layers but the top: no precision
    rungs = recipe.inference(torch.randn(3, *IMAGE)).descend(drawn)
    assert all(float(rung.divergence().detach().abs().max()) < 1e-4 for rung in rungs)


def test_the_bound_is_below_the_log_likelihood():
    # log p(x) by importance sampling with the ladder's own posterior, term by term
    recipe, image = small(), torch.randint(0, 2, (3, *IMAGE)).float() * 2 - 1
    many = image.repeat_interleave(3000, 0)
    with seeded(0), torch.no_grad():
        rungs = recipe.inference(many).descend(drawn)
        weight = recipe.likelihood(recipe.generator, rungs[-1].latent, many)
        for rung in rungs:
            weight += rung.prior.log_density(rung.latent) - rung.posterior.log_density(rung.latent)
        exact = torch.logsumexp(weight.reshape(3, -1), 1) - math.log(3000)
        bound = recipe.terms(many)["bound"].reshape(3, -1).mean(1)
    assert torch.allclose(bound, weight.reshape(3, -1).mean(1), atol=0.3)
    assert (bound < exact).all()


def test_the_density_of_the_noise_is_that_of_the_layers():
    recipe, image = small(), torch.randn(4, *IMAGE)
    posterior = recipe.inference(image)
    with seeded(0):
        rungs = posterior.descend(drawn)
    with seeded(0):
        noise = posterior.sample()
    prior = -(noise.square() + math.log(2 * math.pi)).sum(1) / 2
    ratio = sum(r.prior.log_density(r.latent) - r.posterior.log_density(r.latent) for r in rungs)
    assert torch.allclose(prior - posterior.log_density(noise), ratio, atol=1e-4)


def test_the_estimate_of_a_ladder_is_above_its_bound():
    recipe, image = small(), torch.randint(0, 2, (3, *IMAGE)).float() * 2 - 1
    with seeded(0), torch.no_grad():
        bound = recipe.terms(image.repeat_interleave(2000, 0))["bound"].reshape(3, -1).mean(1)
    found = log_likelihood(recipe, image, samples=2000)
    assert torch.allclose(found.bound, bound, atol=0.3)
    assert (found.nats > found.bound).all()


class Halves:
    position = 0

    def next(self, n=None):
        self.position += n
        rng = torch.Generator().manual_seed(self.position)
        halves = torch.randint(0, 2, (n, 1, 2, 1), generator=rng).float() * 2 - 1
        return {"image": halves.repeat_interleave(4, 2).expand(n, *IMAGE).contiguous()}


def test_it_trains_reconstructs_and_is_saved(tmp_path):
    recipe = small(optimizer=Adam(lr=1e-2, betas=(0.9, 0.999)))
    run = TrainingRun(recipe, Halves(), batch=16)
    for _ in range(100):
        recipe.step(run)
        run.step += 1
    pipeline, image = recipe.pipelines()["image"], Halves().next(32)["image"]
    again = pipeline.reconstruct(image)
    assert float((again.sign() == image).float().mean()) > 0.9
    pipeline.save(tmp_path / "product")
    loaded = Pipeline.load(tmp_path / "product")
    assert torch.equal(loaded.reconstruct(image), again)
    assert loaded.encoder.ladder is loaded.conditioner


def test_beta_weighs_the_divergences_alone():
    image = Halves().next(4)["image"]
    found = []
    for beta in (1.0, 3.0):
        with seeded(0):
            found.append(small(beta=beta).terms(image))
    assert torch.equal(found[0]["reconstruction"], found[1]["reconstruction"])
    one, three = (float(terms["divergence"].detach()) for terms in found)
    assert three == pytest.approx(3 * one, rel=1e-5)
