import shutil

import numpy as np
import pytest
import torch
from gancore_progan import FixedProGAN, ProGAN

from gancore import Pipeline, Sources, resume, train
from gancore.component.weights import read_weights
from gancore.runs.folder import RunFolder

IMAGE = (3, 16, 16)
SMALL = {
    "generator": {"latent_size": 5, "widths": [8, 6, 4]},
    "discriminator": {"widths": [8, 6, 4], "group": 2},
}


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "images.npy"
    np.save(path, np.random.default_rng(0).integers(0, 256, (20, *IMAGE), dtype=np.uint8))
    return Sources(data=(str(path),))


@pytest.fixture(scope="module")
def run(images, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "run"
    recipe = ProGAN(image=IMAGE, batch=8, batches=[[8, 4]], **SMALL)
    every = {"checkpoint_every": 4, "keep": 30, "sample_every": 8, "evaluate_every": 0}
    train(recipe, images, output=folder, images=96, **every)
    return folder


def stage(checkpoint):
    return float(read_weights(checkpoint / "weights.safetensors")["generator.stage"])


def test_it_grows_to_the_full_size(run):
    stages = [stage(path) for path in RunFolder(run).checkpoints][::-1]
    assert stages == sorted(stages) and stages[0] == 0 and stages[-1] == 2
    assert any(0 < found < 1 for found in stages) and any(1 < found < 2 for found in stages)
    assert Pipeline.load(run / "pipeline").sample(3, seed=0).shape == (3, *IMAGE)


def test_a_training_killed_during_a_fade_resumes_to_the_same_bits(run, tmp_path):
    whole = RunFolder(run).checkpoints[0]
    broken = shutil.copytree(run, tmp_path / "run")
    for path in RunFolder(broken).checkpoints:
        if stage(path) > 1.5:
            shutil.rmtree(path)
    assert 1 < stage(RunFolder(broken).checkpoints[0]) < 1.5
    resume(broken)
    last = RunFolder(broken).checkpoints[0]
    for name in ("weights.safetensors", "training.safetensors"):
        mine, found = read_weights(whole / name), read_weights(last / name)
        assert mine.keys() == found.keys() and all(torch.equal(mine[key], found[key]) for key in mine)


def test_the_fixed_recipe_trains(images, tmp_path):
    made = train(FixedProGAN(image=IMAGE, batch=8, **SMALL), images, output=tmp_path / "run", images=16)
    assert made is not None
    weights = read_weights(RunFolder(tmp_path / "run").checkpoints[0] / "weights.safetensors")
    assert all(value.isfinite().all() for value in weights.values())
