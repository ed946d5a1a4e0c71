import copy

import numpy as np
import pytest
import torch
from gancore_dcgan import (
    DCGAN,
    DCGANDiscriminator,
    DCGANGenerator,
    PlainDCGANDiscriminator,
    PlainDCGANGenerator,
)

import gancore
from gancore import Pipeline, build, spec
from gancore.data import open_data
from gancore.standard.augments import DiffAugment
from gancore.standard.averages import NoAverage
from gancore.standard.optimizers import SGD, Adam
from gancore.standard.regularizers import R1, GradientPenalty
from gancore.training.run import TrainingRun

IMAGE = (3, 16, 16)


class FixedSource:
    def __init__(self, image):
        self.position, self.image = 0, image

    def next(self, n=None):
        return {"image": self.image}


def plain(**changes):
    return DCGAN(
        image=IMAGE,
        generator=PlainDCGANGenerator(width=2, latent_size=6),
        discriminator=PlainDCGANDiscriminator(width=3),
        **changes,
    )


def small(**changes):
    return DCGAN(
        image=IMAGE,
        generator=DCGANGenerator(width=2, latent_size=6),
        discriminator=DCGANDiscriminator(width=2),
        **changes,
    )


def train(recipe, image, steps, **options):
    run = TrainingRun(recipe, FixedSource(image), batch=len(image), total=steps * len(image), **options)
    for _ in range(steps):
        recipe.step(run)
        run.step += 1
    return run


def values(module):
    return [p.detach().clone() for p in module.parameters()]


def same(before, module):
    return [torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True)]


@pytest.mark.parametrize(("images", "batch"), [(3, 8), (1, 4), (3, 1)])
def test_few_images_and_a_batch_of_one_train(images, batch, tmp_path):
    """Batch normalization of a single image still has its 4×4 positions and more."""
    pixels = np.random.default_rng(0).integers(0, 256, (images, 3, 16, 16), dtype=np.uint8)
    gancore.train(
        small(), open_data(pixels), images=batch * 2, batch=batch, evaluate_every=0, output=tmp_path / "run"
    )
    assert torch.isfinite(gancore.load(tmp_path / "run").sample(2, seed=0)).all()


def test_published_hyperparameters():
    recipe = DCGAN(image=(3, 64, 64))
    assert recipe.batch_size == 128
    assert (recipe.sampler.name, recipe.sampler.latent) == ("uniform", (100,))
    assert recipe.loss.name == "non-saturating"
    for optimizer in (recipe.generator_optimizer, recipe.discriminator_optimizer):
        assert (optimizer.name, optimizer.lr, optimizer.betas) == ("adam", 2e-4, (0.5, 0.999))


@pytest.mark.parametrize("penalty", [R1(every=2, gamma=1.0), GradientPenalty()])
def test_without_batch_normalization_micro_batches_move_the_weights_as_the_whole_batch_does(penalty):
    exact = {"generator_optimizer": SGD(lr=0.01), "discriminator_optimizer": SGD(lr=0.01)}
    whole = plain(regularizers=[penalty], augment=DiffAugment(), **exact).double()
    pieces = copy.deepcopy(whole)
    image = torch.rand(6, *IMAGE) * 2 - 1
    train(whole, image, 2)
    train(pieces, image, 2, micro_batch=2)
    for a, b in zip(whole.parameters(), pieces.parameters(), strict=True):
        assert (a - b).abs().max() < 1e-10


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_it_trains_with_a_lazy_penalty_an_average_and_augmentation(precision):
    recipe = small(regularizers=[R1(every=2)], augment=DiffAugment())
    before = values(recipe.generator)
    run = train(recipe, torch.rand(4, *IMAGE), 3, precision=precision)
    log = run.take_log()
    assert {"discriminator/adversarial", "discriminator/r1", "generator/adversarial"} <= set(log)
    assert not any(same(before, recipe.generator))
    samples = recipe.pipelines()["image"].sample(5, seed=0)
    assert samples.shape == (5, *IMAGE)
    assert samples.isfinite().all()


def test_a_spec_trains_to_the_same_bits():
    image = torch.rand(4, *IMAGE)
    written = small()
    read = build(spec(written))
    read.bind(facts={"image": IMAGE, "classes": 0}, by="the data")
    train(written, image, 2)
    train(read, image, 2)
    assert all(same(values(written), read))


def test_a_saved_pipeline_makes_the_same_images(tmp_path):
    recipe = small()
    train(recipe, torch.rand(4, *IMAGE), 2)
    pipeline = recipe.pipelines()["image"]
    pipeline.save(tmp_path / "pipeline")
    assert torch.equal(Pipeline.load(tmp_path / "pipeline").sample(3, seed=1), pipeline.sample(3, seed=1))


def test_it_learns_a_picture():
    picture = torch.full(IMAGE, -0.8)
    picture[:, :, :8] = 0.8
    quick = {
        "generator_optimizer": Adam(lr=5e-3),
        "discriminator_optimizer": Adam(lr=5e-3),
        "average": NoAverage(),
    }
    networks = {
        "generator": DCGANGenerator(width=8, latent_size=8),
        "discriminator": PlainDCGANDiscriminator(width=8),
    }
    recipe = DCGAN(image=IMAGE, **networks, **quick)
    train(recipe, picture + 0.1 * torch.randn(16, *IMAGE), 100)
    samples = recipe.pipelines()["image"].sample(100, seed=0)
    assert (samples - picture).square().mean().sqrt() < 0.4


@pytest.mark.parametrize("classes", [0, 3])
def test_the_presets_for_short_trainings(classes):
    name = "dcgan-relativistic-labels" if classes else "dcgan-relativistic"
    networks = {"generator": {"width": 2}, "discriminator": {"width": 2}}
    if classes:
        networks["discriminator"] = {"network": {"width": 2}}
    recipe = gancore.create(name, networks, image=IMAGE, classes=classes)
    assert type(recipe) is DCGAN and recipe.conditional == bool(classes)
    assert [(type(r).name, r.gamma, r.every) for r in recipe.regularizers] == [("r1", 0.5, 4), ("r2", 0.5, 4)]
    adam = recipe.discriminator_optimizer
    assert (adam.lr, adam.betas, recipe.batch) == (1e-3, (0.0, 0.99), 16)
    assert [adam.schedule(seen, 100) for seen in (0, 100)] == pytest.approx([1.0, 0.2])
