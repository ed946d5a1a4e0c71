import math

import pytest
import torch
from gancore_vae import (
    VAE,
    ConvolutionalDecoder,
    ConvolutionalEncoder,
    LabeledEncoder,
    MixturePrior,
    RealNVP,
    Vamp,
    log_likelihood,
)
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from gancore.component.randomness import seeded
from gancore.component.specs import build, spec
from gancore.errors import FitError
from gancore.pipeline import Pipeline
from gancore.standard import Adam
from gancore.training.run import TrainingRun

IMAGE = (1, 8, 8)


def disturbed(prior):
    rng = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for p in prior.parameters():
            p.add_(torch.randn(p.shape, generator=rng) * 0.4)
    return prior


def vamp(latent, **options):
    return Vamp(image=IMAGE, latent=latent, encoder=ConvolutionalEncoder(width=2), **options)


def test_the_mixture_is_that_of_torch():
    prior = disturbed(MixturePrior(latent=(2, 3), components=4))
    deviation = torch.exp(prior.log_variances / 2)
    parts = Independent(Normal(prior.means, deviation), 1)
    oracle = MixtureSameFamily(Categorical(logits=prior.logits), parts)
    latent = torch.randn(6, 2, 3)
    assert torch.allclose(prior.log_density(latent), oracle.log_prob(latent.flatten(1)), atol=1e-4)


@pytest.mark.parametrize(
    "make",
    [
        lambda: MixturePrior(latent=(2,), components=3),
        lambda: RealNVP(latent=(2,), layers=3, width=8, depth=1),
        lambda: vamp((2,), components=3),
    ],
)
def test_densities_integrate_to_1_and_are_those_of_the_draws(make):
    prior = disturbed(make())
    axis = torch.linspace(-12, 12, 481)
    grid = torch.cartesian_prod(axis, axis)
    with torch.no_grad():
        density = prior.log_density(grid).double().exp() * (axis[1] - axis[0]) ** 2
        drawn = prior(4000, rng=torch.Generator().manual_seed(0))
    assert float(density.sum()) == pytest.approx(1, abs=5e-3)
    mean = (density[:, None] * grid).sum(0)
    square = (density[:, None] * grid.square()).sum(0)
    error = 5 * drawn.square().std(0) / math.sqrt(4000) + 0.02
    assert ((drawn.mean(0) - mean).abs() < 5 * drawn.std(0) / math.sqrt(4000) + 0.02).all()
    assert ((drawn.square().mean(0) - square).abs() < error).all()


def test_the_flow_is_undone_by_its_inverse_and_starts_as_the_identity():
    prior = RealNVP(latent=(5,), layers=4, width=8)
    x = torch.randn(3, 5)
    assert all(torch.equal(coupling(x), x) for coupling in prior.couplings)
    coupling = disturbed(prior).couplings[0]
    y = coupling(x)
    back, determinant = coupling.inverse(y)
    assert torch.allclose(back, x, atol=1e-5)
    jacobian = torch.autograd.functional.jacobian(lambda row: coupling(row[None])[0], x[0])
    assert float(determinant[0].detach()) == pytest.approx(
        -float(torch.linalg.slogdet(jacobian)[1]), abs=1e-4
    )


def test_the_vamp_prior_mixes_the_posteriors_of_its_inputs():
    prior = disturbed(vamp((3,), components=4))
    latent = torch.randn(5, 3)
    parts = prior.encoder(torch.tanh(prior.inputs))
    each = Normal(parts.mean, torch.exp(parts.log_variance / 2)).log_prob(latent[:, None]).sum(2)
    assert torch.allclose(prior.log_density(latent), each.exp().mean(1).log(), atol=1e-4)


class Halves:
    position = 0

    def next(self, n=None):
        self.position += n
        rng = torch.Generator().manual_seed(self.position)
        halves = torch.randint(0, 2, (n, 1, 2, 1), generator=rng).float() * 2 - 1
        return {"image": halves.repeat_interleave(4, 2).expand(n, *IMAGE).contiguous()}


@pytest.mark.parametrize("kind", ["mixture-prior", "real-nvp", "vamp"])
def test_a_prior_is_trained_with_the_model_and_saved_with_it(kind, tmp_path):
    encoder = ConvolutionalEncoder(width=4)
    prior = Vamp(encoder=encoder, components=4) if kind == "vamp" else {"part": kind}
    recipe = VAE(
        image=IMAGE,
        generator=ConvolutionalDecoder(width=4, latent=2),
        encoder=encoder,
        prior=prior,
        divergence="sampled",
        optimizer=Adam(lr=1e-2, betas=(0.9, 0.999)),
    )
    before = {name: p.detach().clone() for name, p in recipe.prior.named_parameters()}
    run = TrainingRun(recipe, Halves(), batch=16)
    for _ in range(40):
        recipe.step(run)
        run.step += 1
    moved = [name for name, p in recipe.prior.named_parameters() if not torch.equal(p, before[name])]
    assert len(moved) == len(before)
    image = Halves().next(8)["image"]
    scored = log_likelihood(recipe, image, samples=8)
    assert float(scored.nats.mean()) > float(scored.bound.mean())
    pipeline = recipe.pipelines()["image"]
    pipeline.save(tmp_path / "product")
    loaded = Pipeline.load(tmp_path / "product")
    assert torch.equal(loaded.sample(3, seed=1), pipeline.sample(3, seed=1))
    again = build(spec(recipe))
    assert kind != "vamp" or again.prior.encoder is again.encoder


def test_the_bound_under_a_learned_prior_is_that_of_the_definition():
    prior = disturbed(MixturePrior(latent=(2,), components=3))
    networks = {
        "generator": ConvolutionalDecoder(width=4, latent=2),
        "encoder": ConvolutionalEncoder(width=4),
    }
    recipe = VAE(image=IMAGE, prior=prior, divergence="sampled", **networks)
    image = Halves().next(4)["image"]
    with torch.no_grad():
        with seeded(0):
            found = recipe.terms(image)["bound"]
        with seeded(0):
            posterior = recipe.encoder(image)
            latent = posterior.sample()
        q = Normal(posterior.mean, torch.exp(posterior.log_variance / 2)).log_prob(latent).sum(1)
        p = recipe.likelihood(recipe.generator, latent, image)
        assert torch.allclose(found, p + recipe.prior.log_density(latent) - q, atol=1e-4)


def test_what_does_not_fit_is_refused():
    with pytest.raises(FitError, match="latents of two coordinates or more"):
        RealNVP(latent=(1,))
    with pytest.raises(FitError, match=r"the prior is sampler/mixture-prior; use divergence/sampled"):
        VAE(image=IMAGE, prior=MixturePrior())
    with pytest.raises(FitError, match="encodes images without labels"):
        encoder = LabeledEncoder(network=ConvolutionalEncoder(width=2))
        labeled = {"encoder": encoder, "prior": Vamp(encoder=encoder), "divergence": "sampled"}
        VAE(image=IMAGE, classes=3, conditioner="one-hot", **labeled)
