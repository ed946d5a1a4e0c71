"""Passes over the data, and what `finish` computes from them once."""

import numpy as np
import pytest
import torch
from runs import assert_same_end
from small import SmallGenerator
from torch import nn

from gancore import Pipeline, Recipe, part
from gancore.component.discovery import host
from gancore.data import Loader, open_data
from gancore.runs.sources import Sources
from gancore.standard.conditioners import Identity
from gancore.standard.samplers import Normal
from gancore.testing import run_checks
from gancore.training.run import TrainingRun
from gancore.training.start import resume, train

SHORT = {"images": 8, "batch": 4, "threads": 1, "evaluate_every": 0, "checkpoint_every": 4}


@part("mean-image")
class MeanImage(Recipe):
    """Computes the mean image in `finish`, and counts how often that was."""

    def facts(self, seat):
        return {"image": self.image}

    def build(self):
        self.mean = nn.Buffer(torch.zeros(self.image))
        self.times = nn.Buffer(torch.zeros(()))
        self.generator = SmallGenerator(image=self.image)

    def pipelines(self):
        sampler, identity = Normal(latent=(4,)), Identity(code=(4,))
        return {"image": Pipeline(sampler=sampler, conditioner=identity, generator=self.generator)}

    def step(self, run):
        run.batch()

    def finish(self, run):
        before = run.images, run.step, run.rng.get_state()
        total, count = torch.zeros(self.image, dtype=torch.float64), 0
        for batch in run.pass_over():
            rows = run.gather(batch["image"])
            total, count = total + rows.double().sum(0), count + len(rows)
        assert count == run.available
        self.mean.copy_(total / count)
        self.times.add_(1)
        after = run.images, run.step, run.rng.get_state()
        assert before[:2] == after[:2] and torch.equal(before[2], after[2])


@pytest.fixture(scope="module", autouse=True)
def offered():
    if not any(o.distribution == "passes" for o in host().registry.registrations()):
        host().registry.add("passes", [MeanImage, SmallGenerator])


@pytest.fixture
def data(tmp_path):
    np.save(tmp_path / "images.npy", np.random.default_rng(0).random((10, 3, 8, 8), dtype=np.float32))
    return Sources(data=(str(tmp_path / "images.npy"),))


def test_a_pass_shows_each_image_once_and_moves_no_counter(data, tmp_path):
    training = train(MeanImage(), data, output=tmp_path / "run", **SHORT)
    images = data.open().rows(np.arange(10))["image"]
    assert torch.allclose(training.recipe.mean, images.mean(0), atol=1e-6)


def test_finish_is_called_once_also_when_a_finished_run_is_resumed(data, tmp_path):
    first = train(MeanImage(), data, output=tmp_path / "run", **SHORT)
    other = train(MeanImage(), data, output=tmp_path / "other", **SHORT)
    again = resume(other.folder)
    assert first.recipe.times == again.recipe.times == 1
    assert_same_end(first.folder, other.folder)
    longer = resume(other.folder, images=16)
    assert longer.images == 16 and longer.recipe.times == 2


@pytest.mark.parametrize("world", [1, 2, 3])
def test_ranks_share_a_pass(data, world):
    opened = data.open()
    shares = [
        list(Loader(opened, seed=0, batch=6, rank=rank, world=world).pass_over(6)) for rank in range(world)
    ]
    joined = [torch.cat([rows["image"] for rows in batch]) for batch in zip(*shares, strict=True)]
    assert [len(batch) for batch in joined] == [6, 4]
    assert torch.equal(torch.cat(joined), opened.rows(np.arange(10))["image"])


def test_a_pass_leaves_the_order_of_batches_alone(tmp_path):
    data = open_data(np.random.default_rng(0).random((10, 3, 8, 8), dtype=np.float32), mirror=True)
    recipe = MeanImage(image=(3, 8, 8))
    runs = [TrainingRun(recipe, Loader(data, seed=1, batch=4), batch=4) for _ in range(2)]
    for run in runs:
        run.batch()
    assert sum(len(batch["image"]) for batch in runs[0].pass_over(3)) == 10
    assert torch.equal(runs[0].batch()["image"], runs[1].batch()["image"])


def test_the_kit_knows_passes():
    found = run_checks([MeanImage])
    assert [r for r in found if r.outcome == "failed"] == []
