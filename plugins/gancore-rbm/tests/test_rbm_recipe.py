import copy

import numpy as np
import pytest
import torch
from gancore_rbm import CONTRASTIVE, GAUSSIAN, RBM, RBMGenerator, log_likelihood, log_partition

from gancore.cli import run as gancore
from gancore.component.specs import build, spec
from gancore.pipeline import Pipeline
from gancore.standard.optimizers import SGD
from gancore.training.run import TrainingRun
from gancore.training.start import train

IMAGE = (1, 4, 4)
BARS = torch.cat([torch.eye(4)[:, :, None].expand(4, 4, 4), torch.eye(4)[:, None].expand(4, 4, 4)])[:, None]


class Bars:
    """Rows or columns that are white, one of them in each image."""

    position, available = 0, 8

    def next(self, n=None):
        rows = torch.arange(self.position, self.position + n) % 8
        self.position += n
        return {"image": BARS[rows] * 2 - 1}

    def pass_over(self, n):
        yield {"image": BARS * 2 - 1}


def trained(steps, **options):
    options = {
        "generator": RBMGenerator(hidden=12, deviation=0.1),
        "optimizer": SGD(lr=0.3),
        "weight_cost": 0.0,
        **options,
    }
    recipe = RBM(image=IMAGE, **options)
    run = TrainingRun(recipe, Bars(), batch=32)
    for _ in range(steps):
        recipe.step(run)
        run.step += 1
    return recipe, run


TEMPERED = {"part": "parallel-tempering", "temperatures": 4}


@pytest.fixture(scope="module")
def persistent():
    return trained(400)[0]


@pytest.mark.parametrize(
    "negative",
    [
        None,
        pytest.param(TEMPERED, marks=pytest.mark.slow),
        pytest.param("contrastive-divergence", marks=pytest.mark.slow),
    ],
)
def test_training_learns_the_bars(negative, persistent):
    assert likelihood(trained(0)[0]) < -10
    recipe = trained(400, negative=negative)[0] if negative else persistent
    # eight equally probable images have -log 8 = -2.08 nats
    assert likelihood(recipe) > -4.2
    assert float(recipe.reconstruction(BARS * 2 - 1)) < 0.03


def likelihood(recipe):
    return float(log_likelihood(recipe.encoder, BARS * 2 - 1, log_partition(recipe.encoder)).nats.mean())


def test_samples_are_bars(persistent):
    images = persistent.pipelines()["image"].with_options({"sampler.steps": 50}).sample(64, seed=0)
    black_and_white = (images > 0).float()
    distance = (black_and_white[:, None] - BARS).abs().flatten(2).sum(2).amin(1)
    assert float((distance == 0).float().mean()) > 0.5


def test_the_first_step_reads_the_means_of_the_data():
    recipe, _ = trained(1, optimizer=SGD(lr=0.0))
    assert torch.allclose(recipe.generator.bias.detach().sigmoid(), torch.full((16,), 0.25), atol=1e-6)
    assert recipe.generator.begun


def test_the_weight_cost_shrinks_weights_and_no_biases():
    recipe, _ = trained(1, optimizer=SGD(lr=0.0), weight_cost=0.5)
    terms = recipe.terms(BARS * 2 - 1)
    terms["decay"].backward()
    assert torch.allclose(recipe.generator.weight.grad, 0.5 * recipe.generator.weight.detach())
    assert recipe.generator.bias.grad is None and recipe.encoder.bias.grad is None


def test_the_spec_holds_the_options_alone():
    recipe = RBM(image=IMAGE, generator=RBMGenerator(hidden=7), chain=9)
    table = spec(recipe)
    assert set(table) >= {"generator", "negative", "chain"} and "encoder" not in table
    again = build(table)
    assert again.sampler is not None if again.built else again.generator.hidden == 7


def test_presets_have_their_settings():
    contrastive, gaussian = CONTRASTIVE(image=IMAGE), GAUSSIAN(image=IMAGE)
    assert contrastive.negative.name == "contrastive-divergence" and contrastive.optimizer.lr == 0.1
    assert gaussian.generator.name == "gaussian-rbm" and gaussian.optimizer.lr == 0.002


def test_a_saved_pipeline_holds_the_machine_once_and_samples_the_same(tmp_path):
    recipe, _ = trained(20, chain=5)
    pipeline = recipe.pipelines()["image"]
    pipeline.save(tmp_path / "product")
    loaded = Pipeline.load(tmp_path / "product")
    assert loaded.sampler.name == "continued-gibbs"
    assert loaded.encoder.generator is loaded.generator and loaded.sampler.encoder is loaded.encoder
    assert torch.equal(loaded.sample(3, seed=1), pipeline.sample(3, seed=1))
    longer = loaded.with_options({"sampler.steps": 50})
    assert not torch.equal(longer.draw(8, seed=1)[0], loaded.draw(8, seed=1)[0])


def test_machines_without_kept_chains_anneal():
    assert RBM(image=IMAGE, negative="contrastive-divergence").sampler.name == "annealed-gibbs"


def test_copies_of_a_recipe_keep_their_layers_together():
    recipe = copy.deepcopy(trained(1)[0])
    assert recipe.encoder.generator is recipe.generator and recipe.sampler.encoder is recipe.encoder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rbm")
    np.save(folder / "bars.npy", (BARS[:, 0].repeat(4, 1, 1) * 255).to(torch.uint8).numpy())
    recipe = RBM(generator=RBMGenerator(hidden=6), chain=5, batch=8)
    train(recipe, str(folder / "bars.npy"), output=folder / "run", images=64, evaluate_every=0)
    return folder


def test_filters_are_written_as_a_picture(folder, capsys):
    output = folder / "filters.png"
    assert gancore(["filters", str(folder / "run"), "--output", str(output), "--count", "4"]) == 0
    assert "4 filters in" in capsys.readouterr().out and output.stat().st_size > 0
    assert gancore(["filters", str(folder / "run"), "--output", str(output), "--count", "0"]) == 2


def test_the_likelihood_is_said(folder, capsys):
    assert gancore(["rbm-likelihood", str(folder / "run"), "--data", str(folder / "bars.npy")]) == 0
    said = capsys.readouterr().out
    assert "(exact)" in said and "nats per image, of 32 images" in said
    assert gancore(["rbm-likelihood", str(folder / "run"), "--count", "0"]) == 2
    assert "--count must be at least 1; got 0" in capsys.readouterr().err
