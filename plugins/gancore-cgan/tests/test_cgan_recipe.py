import math

import pytest
import torch
from gancore_cgan import ACGAN, CGAN, MLPCGAN, InfoGAN

import gancore
from gancore import Pipeline, build, spec
from gancore.errors import FactError, FitError, UserError
from gancore.nn.initializers import normal_weights
from gancore.recipes.conditions import check_both_sides_read
from gancore.training.run import TrainingRun

IMAGE = (3, 8, 8)
LABELED = (CGAN, MLPCGAN, ACGAN)


class Images:
    """Random images with labels, classes or rows of three numbers."""

    position = 0

    def __init__(self, rows=False):
        self.rows = rows

    def next(self, n=None):
        self.position += n
        rng = torch.Generator().manual_seed(self.position)
        label = torch.randint(3, (n,), generator=rng)
        label = torch.rand(n, 3, generator=rng) if self.rows else label
        return {"image": torch.rand(n, *IMAGE, generator=rng) * 2 - 1, "label": label}


def small(cls, **changes):
    facts = {"image": IMAGE} if cls is InfoGAN else {"image": IMAGE, "classes": 3}
    return cls(**{**cls.examples[0], **facts, **changes})


def train(recipe, steps=2, rows=False):
    run = TrainingRun(recipe, Images(rows), batch=6, total=6 * steps)
    for _ in range(steps):
        recipe.step(run)
        run.step += 1
    return run.take_log()


@pytest.mark.parametrize("cls", [*LABELED, InfoGAN])
def test_each_trains_two_steps_and_draws(cls, tmp_path):
    recipe = small(cls)
    before = [
        p.detach().clone() for p in (*recipe.generator.parameters(), *recipe.discriminator.parameters())
    ]
    logged = train(recipe)
    assert all(math.isfinite(value) for value in logged.values())
    if recipe.auxiliaries:
        name = recipe.auxiliaries[0].name
        assert {f"discriminator/{name}", f"generator/{name}"} <= set(logged)
    after = (*recipe.generator.parameters(), *recipe.discriminator.parameters())
    assert not any(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    recipe.pipelines()["image"].save(tmp_path / "saved")
    assert Pipeline.load(tmp_path / "saved").sample(4, seed=0).shape == (4, *IMAGE)
    assert spec(build(spec(recipe), "recipe")) == spec(recipe)


@pytest.mark.parametrize("cls", LABELED)
def test_rows_of_numbers_and_labels_shared_with_the_real_batch(cls):
    assert all(map(math.isfinite, train(small(cls, label_shape=(3,)), rows=True).values()))
    assert all(map(math.isfinite, train(small(cls, pair_labels=True)).values()))


@pytest.mark.parametrize("cls", LABELED)
def test_labels_that_are_missing_or_soft_are_refused_at_assembly(cls):
    with pytest.raises(FactError, match="the data have no labels; give labeled data, or use"):
        small(cls, classes=0)
    with pytest.raises(FitError, match="draws classes, but the labels of the data are rows of 3 numbers"):
        small(cls, label_shape=(3,), labels="uniform")


def test_a_side_without_labels_is_refused():
    with pytest.raises(FitError, match="conditioner/one-hot reads labels, but discriminator/acgan does not"):
        check_both_sides_read(small(ACGAN, auxiliaries=[]))
    whole = small(CGAN)
    check_both_sides_read(whole)
    assert whole.wants == {"image", "label"} and whole.sampler.latent == (6,)


def test_settings_are_those_of_the_papers():
    cgan, mlp, acgan, codes = (small(cls) for cls in (CGAN, MLPCGAN, ACGAN, InfoGAN))
    assert [recipe.batch for recipe in (cgan, mlp, acgan, codes)] == [128, 100, 100, 128]
    for recipe in (cgan, acgan):
        assert (recipe.generator_optimizer.lr, recipe.generator_optimizer.betas[0]) == (2e-4, 0.5)
    assert (codes.generator_optimizer.lr, codes.discriminator_optimizer.lr) == (1e-3, 2e-4)
    descent = mlp.generator_optimizer
    assert (descent.name, descent.lr, descent.momentum) == ("sgd", 0.1, 0.5)
    assert descent.factor(100, 0) == pytest.approx(1 / 1.00004)
    assert descent.lr * descent.factor(10**9, 0) == pytest.approx(1e-6)
    assert descent.scheduled["momentum"](12_500_000, 0) == pytest.approx(0.7)
    whole = InfoGAN(image=(1, 8, 8))
    assert whole.sampler.noise.name == "uniform" and whole.sampler.noise.latent == (62,)


def test_codes_are_chosen_when_sampling(tmp_path):
    recipe = small(InfoGAN)
    train(recipe)
    pipeline = recipe.pipelines()["image"]
    normal_weights(pipeline.generator, 1.0)
    free = pipeline.draw(6, seed=0)[0]
    chosen = pipeline.with_options({"sampler.fixed": [2, -1.5]}).draw(6, seed=0)[0]
    assert torch.equal(free[:, :-4], chosen[:, :-4])
    assert chosen[:, -4:].unique(dim=0).tolist() == [[0, 0, 1, -1.5]]
    images = pipeline.sample(6, seed=0, options={"sampler.fixed": ["free", 1.0]})
    assert images.shape == (6, *IMAGE) and not torch.equal(images, pipeline.sample(6, seed=0))
    pipeline.save(tmp_path / "saved")
    drawn = gancore.sample(tmp_path / "saved", count=6, set=['sampler.fixed=["free", 1.0]']).images
    assert torch.equal(drawn, images)
    with pytest.raises(UserError, match="code 0 has categories from 0 to 2, but fixed gives it 7"):
        pipeline.with_options({"sampler.fixed": [7]})
