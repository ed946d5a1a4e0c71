import copy

import pytest
import torch
from gancore_gan import GAN, MLP, Maxout

from gancore import Pipeline, build, spec
from gancore.recipes.batches import LatentBatch, RealBatch
from gancore.standard.averages import NoAverage
from gancore.standard.losses import Minimax
from gancore.standard.optimizers import SGD, Adam
from gancore.training.run import TrainingRun

IMAGE = (1, 4, 4)


class FixedSource:
    def __init__(self, image):
        self.position, self.image = 0, image

    def next(self, n=None):
        return {"image": self.image}


def small(**changes):
    return GAN(
        image=IMAGE,
        generator=MLP(hidden=(8,), latent_size=3),
        discriminator=Maxout(hidden=(6, 4), pieces=3),
        **changes,
    )


def train(recipe, image, steps, **options):
    run = TrainingRun(recipe, FixedSource(image), batch=len(image), total=steps * len(image), **options)
    for _ in range(steps):
        recipe.step(run)
        run.step += 1
    return run


def test_published_hyperparameters():
    recipe = GAN(image=(1, 28, 28))
    assert recipe.batch_size == 100
    assert recipe.discriminator_steps == 1
    assert recipe.sampler.name == "normal"
    assert recipe.sampler.latent == (100,)
    assert recipe.loss.name == "non-saturating"


def test_latents_have_the_mean_and_variance_of_the_released_uniform_ones():
    latent = GAN(image=(1, 28, 28)).sampler(2000, rng=torch.Generator().manual_seed(0))
    side = 2 * 3**0.5
    assert float(latent.mean()) == pytest.approx(0, abs=0.01) and float(latent.var()) == pytest.approx(
        side**2 / 12, abs=0.01
    )


@pytest.mark.parametrize("loss", ["non-saturating", "minimax"])
def test_terms_are_those_of_the_paper(loss):
    recipe = build({**spec(small()), "loss": loss})
    recipe.bind(facts={"image": IMAGE}, by="the test")
    recipe.eval()
    real, latent = torch.randn(5, *IMAGE), torch.randn(5, 3)
    d_real, d_fake = (
        recipe.discriminator(real).sigmoid(),
        recipe.discriminator(recipe.generator(latent)).sigmoid(),
    )
    terms = recipe.discriminator_terms(RealBatch(real), LatentBatch(latent))
    assert torch.allclose(terms["adversarial"], -d_real.log().mean() - (1 - d_fake).log().mean(), atol=1e-6)
    expected = (1 - d_fake).log().mean() if loss == "minimax" else -d_fake.log().mean()
    assert torch.allclose(recipe.generator_terms(LatentBatch(latent))["adversarial"], expected, atol=1e-6)


@pytest.mark.parametrize("loss", [None, Minimax])
def test_micro_batches_move_the_weights_as_the_whole_batch_does(loss):
    slow = {"generator_optimizer": SGD(lr=1.0), "discriminator_optimizer": SGD(lr=1.0)}
    whole = small(**slow, **({"loss": loss} if loss else {})).double()
    pieces = copy.deepcopy(whole)
    image = torch.rand(6, *IMAGE)
    train(whole, image, 1)
    train(pieces, image, 1, micro_batch=2)
    for a, b in zip(whole.parameters(), pieces.parameters(), strict=True):
        assert (a - b).abs().max() < 1e-10


def test_a_saved_pipeline_makes_the_same_images(tmp_path):
    recipe = small()
    train(recipe, torch.rand(4, *IMAGE), 2)
    pipeline = recipe.pipelines()["image"]
    pipeline.save(tmp_path / "pipeline")
    assert torch.equal(Pipeline.load(tmp_path / "pipeline").sample(3, seed=1), pipeline.sample(3, seed=1))


def test_it_learns_two_pictures():
    left = torch.full(IMAGE, -0.8)
    left[:, :, :2] = 0.8
    pictures = torch.stack([left, -left])
    quick = {
        "generator_optimizer": Adam(lr=2e-3),
        "discriminator_optimizer": Adam(lr=2e-3),
        "average": NoAverage(),
    }
    recipe = GAN(
        image=IMAGE,
        generator=MLP(hidden=(32,), latent_size=4),
        discriminator=Maxout(hidden=(32,), pieces=3),
        **quick,
    )
    train(recipe, pictures.repeat(32, 1, 1, 1), 400)
    samples = recipe.pipelines()["image"].sample(200, seed=0)
    nearest = torch.cdist(samples.flatten(1), pictures.flatten(1)) / 4
    assert nearest.min(1).values.mean() < 0.4
    assert 0.1 < (nearest.argmin(1) == 0).float().mean() < 0.9
