"""What gets ready before images are drawn: batch norms with standing statistics, on copies alone."""

import pytest
import torch
from small import SmallDiscriminator, know_small_parts
from torch import nn

import gancore
from gancore.component.discovery import registry
from gancore.component.interfaces import Generator
from gancore.component.part import part
from gancore.latent.truncation import with_threshold
from gancore.measure.standing_statistics import with_standing_statistics
from gancore.nn import SyncBatchNorm2d, standing_statistics
from gancore.pipeline import Pipeline
from gancore.recipes.gan import TwoPlayerGAN
from gancore.recipes.products import PASSES, prepared, products
from gancore.standard.conditioners import Identity
from gancore.standard.samplers import Normal

know_small_parts()


@part("normed", tags=("batch",))
class Normed(Generator):
    """A linear map and batch norm."""

    @property
    def code_shape(self):
        return (4,)

    def build(self):
        c, h, w = self.image
        self.linear = nn.Linear(4, c * h * w)
        self.norm = SyncBatchNorm2d(c)

    def forward(self, code):
        return torch.tanh(self.norm(self.linear(code).reshape(len(code), *self.image)))


@part("prepared", tags=("batch",))
class Prepared(Normed):
    """The same, which draws with standing statistics."""

    def prepare(self, passes):
        standing_statistics(self, passes)


@pytest.fixture(autouse=True, scope="module")
def known():
    registry().add("gancore-normed", [Normed, Prepared])


def pipeline_of(cls):
    generator = cls(image=(3, 8, 8))
    generator.bind(seed=0)
    return Pipeline(conditioner=Identity(code=(4,)), generator=generator, sampler=Normal(latent=(4,)))


def state(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


def test_a_pipeline_without_preparation_is_itself():
    pipeline = pipeline_of(Normed)
    assert prepared(pipeline) is pipeline


def test_what_is_prepared_is_a_copy_with_statistics_of_its_samples():
    pipeline = pipeline_of(Prepared)
    before = state(pipeline.generator)
    made = prepared(pipeline, seed=3)
    norm = made.generator.norm
    assert all(torch.equal(value, before[name]) for name, value in pipeline.generator.state_dict().items())
    latent = pipeline.draw(64 * PASSES, seed=3)[0]
    fed = pipeline.generator.linear(latent).reshape(-1, 3, 8, 8)
    torch.testing.assert_close(norm.running_mean, fed.mean((0, 2, 3)), atol=1e-5, rtol=1e-4)
    variances = torch.stack([batch.var((0, 2, 3), correction=0) for batch in fed.split(64)])
    torch.testing.assert_close(norm.running_var, variances.mean(0), atol=0, rtol=1e-5)
    assert norm.momentum == 0.1 and not norm.training and not norm.alone
    expected = with_standing_statistics(pipeline_of(Normed), seed=3, batch=64)
    assert torch.equal(norm.running_var, expected.generator.norm.running_var)


def test_a_threshold_prepares_anew():
    made = with_threshold(pipeline_of(Prepared), 0.1).generator.norm
    assert made.running_var.mean() < prepared(pipeline_of(Prepared)).generator.norm.running_var.mean()


def test_training_saves_and_shows_what_is_prepared_and_trains_as_ever(tmp_path):
    ends = []
    for cls in (Normed, Prepared):
        recipe = TwoPlayerGAN(generator=cls(), discriminator=SmallDiscriminator())
        how = {"images": 64, "batch": 16, "checkpoint_every": 32, "evaluate_every": 32}
        training = gancore.train(recipe, "emoji", output=tmp_path / cls.name, **how)
        ends.append(state(recipe))
    for name, value in ends[0].items():
        assert torch.equal(value, ends[1][name]), f"preparing moved {name}"
    saved = gancore.load(training)
    expected = products(recipe)["image"]
    live = recipe.pipelines()["image"].generator
    assert torch.equal(saved.generator.norm.running_mean, expected.generator.norm.running_mean)
    assert not torch.equal(saved.generator.norm.running_mean, live.norm.running_mean)
    last = sorted((training.folder / "checkpoints").iterdir())[-1]
    assert torch.equal(gancore.load(last).sample(3, seed=1), saved.sample(3, seed=1))
