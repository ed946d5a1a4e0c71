"""A recipe that ends its training early, by what it finds on held-out images."""

import numpy as np
import pytest
import torch
from runs import assert_same_end
from small import SmallGenerator
from torch import nn

from gancore import Pipeline, Recipe, part
from gancore.component.discovery import host
from gancore.data import Loader
from gancore.runs.sources import Sources
from gancore.standard.conditioners import Identity
from gancore.standard.samplers import Normal
from gancore.training.run import TrainingRun
from gancore.training.start import resume, train

SHORT = {"batch": 4, "threads": 1, "evaluate_every": 0, "checkpoint_every": 4}


@part("short")
class Short(Recipe):
    """Looks at held-out images, and ends after three steps."""

    def facts(self, seat):
        return {"image": self.image}

    def build(self):
        self.steps = nn.Buffer(torch.zeros((), dtype=torch.int64))
        self.seen = nn.Buffer(torch.zeros(2, *self.image))
        self.generator = SmallGenerator(image=self.image)

    def pipelines(self):
        sampler, identity = Normal(latent=(4,)), Identity(code=(4,))
        return {"image": Pipeline(sampler=sampler, conditioner=identity, generator=self.generator)}

    @property
    def done(self):
        return "three steps are enough" if int(self.steps) == 3 else ""

    def step(self, run):
        run.batch()
        self.steps.add_(1)
        self.seen.copy_(run.held_out(2)["image"])


@pytest.fixture(scope="module", autouse=True)
def offered():
    if not any(o.distribution == "ending" for o in host().registry.registrations()):
        host().registry.add("ending", [Short, SmallGenerator])


@pytest.fixture
def data(tmp_path):
    np.save(tmp_path / "images.npy", np.random.default_rng(0).random((10, 3, 8, 8), dtype=np.float32))
    return Sources(data=(str(tmp_path / "images.npy"),))


def test_a_training_ends_where_its_recipe_says_and_says_why(data, tmp_path):
    training = train(Short(), data, output=tmp_path / "run", images=40, **SHORT)
    log = training.run_folder.log
    assert training.images == 12 and log.finished
    said = [line["text"] for line in log.of("warning")]
    assert said == ["ended after 12 of 40 images: three steps are enough"]


def test_a_training_that_ends_with_its_last_image_says_nothing(data, tmp_path):
    training = train(Short(), data, output=tmp_path / "run", images=12, **SHORT)
    assert training.images == 12 and not training.run_folder.log.of("warning")


def test_a_resumed_training_ends_there_too(data, tmp_path):
    whole = train(Short(), data, output=tmp_path / "whole", images=40, **SHORT)
    train(Short(), data, output=tmp_path / "parts", images=8, **SHORT)
    longer = resume(tmp_path / "parts", images=40)
    assert longer.images == 12
    assert_same_end(whole.folder, longer.folder)
    assert resume(tmp_path / "whole").images == 12


def test_held_out_images_are_those_that_no_batch_shows(data, tmp_path):
    training = train(Short(), data, output=tmp_path / "run", images=12, hold_out=3, **SHORT)
    expected = data.open().split(3)[1].rows(np.arange(2))["image"]
    assert torch.equal(training.recipe.seen, expected)


def test_without_held_out_images_they_are_the_first_of_the_data(data, tmp_path):
    training = train(Short(), data, output=tmp_path / "run", images=12, **SHORT)
    assert torch.equal(training.recipe.seen, data.open().rows(np.arange(2))["image"])


@pytest.mark.parametrize("world", [1, 2])
def test_ranks_share_the_held_out_images(data, world):
    opened = data.open()
    shares = []
    for rank in range(world):
        held_out = Loader(opened, seed=0, batch=4, rank=rank, world=world)
        recipe = Short(image=(3, 8, 8))
        run = TrainingRun(recipe, Loader(opened, seed=0, batch=4), batch=4, held_out=held_out)
        shares.append(run.held_out(6)["image"])
    assert torch.equal(torch.cat(shares), opened.rows(np.arange(6))["image"])
