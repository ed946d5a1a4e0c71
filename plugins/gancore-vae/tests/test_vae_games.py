import math

import pytest
import torch
from gancore_vae import (
    VAEGAN,
    AdversarialAutoencoder,
    ConvolutionalDecoder,
    ConvolutionalEncoder,
    FactorVAE,
    LatentMLP,
)
from gancore_vae.factor import permuted
from torch.nn.functional import softplus

from gancore.component.randomness import seeded
from gancore.standard import Adam, Uniform
from gancore.training.run import TrainingRun

IMAGE = (1, 8, 8)


class Halves:
    position = 0

    def next(self, n=None):
        self.position += n
        rng = torch.Generator().manual_seed(self.position)
        halves = torch.randint(0, 2, (n, 1, 2, 1), generator=rng).float() * 2 - 1
        return {"image": halves.repeat_interleave(4, 2).expand(n, *IMAGE).contiguous()}


def networks(latent=2):
    return {
        "generator": ConvolutionalDecoder(width=4, latent=latent),
        "encoder": ConvolutionalEncoder(width=4),
    }


def discriminator():
    return LatentMLP(width=16, depth=2)


def train(recipe, steps, batch=16):
    run = TrainingRun(recipe, Halves(), batch=batch)
    for _ in range(steps):
        recipe.step(run)
        run.step += 1
    return run


def test_a_permutation_keeps_each_coordinate_and_parts_them():
    run = TrainingRun(FactorVAE(image=IMAGE, discriminator=discriminator(), **networks()), Halves(), batch=8)
    latent = torch.arange(24.0).reshape(8, 3)
    found = permuted(run, latent)
    assert torch.equal(found.sort(0).values, latent)
    assert not torch.equal(found[:, 0] // 3, found[:, 1] // 3)


def test_the_factor_discriminator_estimates_the_density_ratio():
    # of correlated Gaussians the total correlation is -½ log(1 - r²)
    recipe = FactorVAE(image=IMAGE, discriminator=discriminator(), **networks())
    recipe.discriminator_optimizer.lr = 3e-3
    run = TrainingRun(recipe, Halves(), batch=8)
    rng = torch.Generator().manual_seed(0)

    def correlated(n):
        latent = torch.randn(n, 2, generator=rng)
        latent[:, 1] = 0.8 * latent[:, 0] + 0.6 * latent[:, 1]
        return latent

    for _ in range(250):
        run.update(
            "discriminator", recipe.discriminator_terms, correlated(256), permuted(run, correlated(256))
        )
    with torch.no_grad():
        scores = recipe.discriminator(correlated(4000)[:, :, None, None])
    assert float(scores.mean()) == pytest.approx(-math.log(1 - 0.64) / 2, abs=0.12)


def test_the_penalty_is_gamma_times_the_mean_score():
    recipe = FactorVAE(image=IMAGE, discriminator=discriminator(), gamma=7.0, **networks())
    image = Halves().next(6)["image"]
    with seeded(0):
        terms = recipe.terms(image)
    scores = recipe.discriminator(terms["latent"][:, :, None, None])
    assert torch.allclose(terms["total correlation"], 7 * scores.mean())
    found = recipe.discriminator_terms(terms["latent"], terms["latent"].flip(0))["cross-entropy"]
    assert torch.allclose(found, (softplus(-scores).mean() + softplus(scores).mean()) / 2)


def test_the_regularization_phase_moves_latents_to_the_prior():
    fast = {"lr": 1e-2, "betas": (0.5, 0.999)}
    recipe = AdversarialAutoencoder(
        image=IMAGE,
        prior=Uniform(),
        discriminator=discriminator(),
        optimizer=Adam(lr=0.0),
        encoder_optimizer=Adam(**fast),
        discriminator_optimizer=Adam(**fast),
        **networks(),
    )
    with torch.no_grad():
        recipe.encoder.linear.bias[:2] = 3.0
    train(recipe, 60)
    with torch.no_grad():
        latent = recipe.posterior(Halves().next(64)["image"]).mean
    assert float(latent.mean(0).abs().max()) < 1.5


def test_the_reconstruction_phase_reconstructs():
    recipe = AdversarialAutoencoder(
        image=IMAGE, discriminator=discriminator(), optimizer=Adam(lr=1e-2), **networks()
    )
    train(recipe, 60)
    image = Halves().next(32)["image"]
    again = recipe.pipelines()["image"].reconstruct(image)
    assert float((again.sign() == image).float().mean()) > 0.85


def test_the_likelihood_of_the_vae_gan_is_that_of_features():
    recipe = VAEGAN(image=IMAGE, discriminator={"part": "patchgan", "width": 4, "layers": 1}, **networks())
    image, drawn = Halves().next(4)["image"], torch.randn(4, 2)
    with seeded(0):
        made = recipe.make(image, None, drawn)
    with seeded(0):
        terms = recipe.generator_terms(image, None, drawn)
    features = [recipe.discriminator.forward_features(x).flatten(1) for x in (image, made.reconstructed)]
    error = (features[0] - features[1]).square().sum(1) / 2
    constant = features[0].shape[1] * math.log(2 * math.pi) / 2
    assert torch.allclose(terms["features"], 1e-3 * (error + constant).mean(), rtol=1e-4)
    fake = [softplus(-recipe.discriminator(x)).mean() for x in (made.reconstructed, made.generated)]
    assert torch.allclose(terms["adversarial"], (fake[0] + fake[1]) / 2, rtol=1e-4)


def test_encoder_and_decoder_of_the_vae_gan_reconstruct_what_its_features_see():
    recipe = VAEGAN(
        image=IMAGE,
        gamma=1.0,
        discriminator=LatentMLP(width=64, depth=1),
        encoder_optimizer=Adam(lr=1e-2),
        generator_optimizer=Adam(lr=1e-2),
        discriminator_optimizer=Adam(lr=0.0),
        **networks(),
    )
    train(recipe, 60)
    image = Halves().next(32)["image"]
    again = recipe.pipelines()["image"].reconstruct(image)
    assert float((again.sign() == image).float().mean()) > 0.85
