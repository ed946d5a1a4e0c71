import math

import pytest
import torch
from gancore_vae import (
    VAE,
    Capacity,
    ConvolutionalDecoder,
    ConvolutionalEncoder,
    LabeledEncoder,
    log_likelihood,
)

from gancore.component.randomness import fold, seeded
from gancore.errors import FactError, FitError, UserError
from gancore.standard import Adam, Linear, OneHot
from gancore.standard.samplers import Uniform
from gancore.training.run import TrainingRun

IMAGE = (1, 8, 8)


class Stripes:
    """Three classes of images, told apart by the row that is white, in noise."""

    position = 0

    def next(self, n=None):
        self.position += n
        rng = torch.Generator().manual_seed(fold(0, self.position) % 2**63)
        label = torch.randint(0, 3, (n,), generator=rng)
        image = torch.full((n, *IMAGE), -1.0)
        image[torch.arange(n), 0, label * 2 + 1] = 1.0
        return {"image": image, "label": label}


def conditional(**options):
    networks = {
        "generator": ConvolutionalDecoder(width=4, latent=5),
        "encoder": LabeledEncoder(network=ConvolutionalEncoder(width=4)),
        "conditioner": OneHot(),
    }
    return VAE(image=IMAGE, classes=3, **{**networks, **options})


def test_the_latent_is_what_the_label_leaves_of_the_code():
    recipe = conditional()
    assert recipe.encoder.latent == recipe.prior.latent == (2,)
    assert recipe.encoder.network.image == (4, 8, 8)
    assert recipe.wants == {"image", "label"} and VAE(image=IMAGE).wants == {"image"}


def test_the_encoder_sees_the_label_as_planes():
    recipe, image = conditional(), torch.randn(2, *IMAGE)
    planes = torch.zeros(2, 3, 8, 8)
    planes[0, 2], planes[1, 0] = 1, 1
    expected = recipe.encoder.network(torch.cat([image, planes], 1))
    found = recipe.encoder(image, torch.tensor([2, 0]))
    assert torch.equal(found.mean, expected.mean)


def test_labels_decide_what_is_drawn():
    recipe = conditional(optimizer=Adam(lr=1e-2, betas=(0.9, 0.999)))
    run = TrainingRun(recipe, Stripes(), batch=32)
    for _ in range(120):
        recipe.step(run)
        run.step += 1
    drawn = recipe.pipelines()["image"].sample(30, seed=0, label=torch.arange(30) % 3)
    white = drawn[:, 0, 1:6:2].mean(2).argmax(1)
    assert float((white == torch.arange(30) % 3).float().mean()) > 0.9
    pairs = Stripes().next(6)
    again = recipe.pipelines()["image"].reconstruct(pairs["image"], pairs["label"])
    assert float((again.sign() == pairs["image"]).float().mean()) > 0.95
    scored = log_likelihood(recipe, pairs["image"], labels=pairs["label"], samples=4)
    assert scored.nats.shape == (6,) and float(scored.nats.mean()) > -30


def test_a_conditional_model_is_scored_with_labels_alone():
    with pytest.raises(UserError, match="the model reads labels; give labels of the images"):
        log_likelihood(conditional(), torch.zeros(1, *IMAGE))


def test_data_without_labels_and_codes_too_short_are_refused():
    with pytest.raises(FactError, match="the data have no labels"):
        VAE(image=IMAGE, encoder=LabeledEncoder())
    with pytest.raises(FitError, match="leaves none for the latent"):
        conditional(generator=ConvolutionalDecoder(width=4, latent=3))


def test_a_prior_that_the_divergence_cannot_compare_with_is_refused():
    with pytest.raises(FitError, match=r"compares with N\(0, I\), but the prior is sampler/uniform"):
        VAE(image=IMAGE, prior=Uniform())
    with pytest.raises(FitError, match="divergence/sampled needs the density of the prior"):
        VAE(image=IMAGE, prior=Uniform(), divergence="sampled")


def small(**options):
    networks = {
        "generator": ConvolutionalDecoder(width=4, latent=3),
        "encoder": ConvolutionalEncoder(width=4),
    }
    return VAE(image=IMAGE, **{**networks, **options})


def test_the_capacity_pulls_each_divergence_to_c():
    image = torch.randn(6, *IMAGE)
    plain, held = small(), small(divergence=Capacity(capacity=2.0, gamma=7.0))
    with seeded(0), torch.no_grad():
        moments = plain.encoder(image)
        kl = (moments.mean.square() + moments.log_variance.exp() - 1 - moments.log_variance).sum(1) / 2
        terms, bound = held.terms(image), small().terms(image)["bound"]
    assert float(terms["divergence"]) == pytest.approx(float(7 * (kl - 2).abs().mean()), rel=1e-5)
    assert terms["bound"].shape == bound.shape


def test_beta_and_the_capacity_follow_schedules():
    recipe = small(
        beta=Linear(start=0.0, end=1.0, over=64),
        divergence=Capacity(capacity=Linear(start=0.0, end=25.0, over=128)),
    )
    run = TrainingRun(recipe, Stripes(), batch=32)
    recipe.step(run)
    assert (recipe.beta, recipe.divergence.capacity) == (0.5, 6.25)
    recipe.step(run)
    assert (recipe.beta, recipe.divergence.capacity) == (1.0, 12.5)
    assert math.isfinite(run.take_log()["bound"])
