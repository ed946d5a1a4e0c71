"""Trainings that are killed in each phase, and resumed."""

import signal
import subprocess
import sys

import numpy as np
import pytest
import torch

from gancore.component.weights import read_weights
from gancore.runs.folder import RunFolder

KILLED = """
import os, signal, sys
from gancore.cli import run
from gancore_nogan import NoGAN
words, step, calls = sys.argv[2:], NoGAN.step, 0
def dying(recipe, training):
    global calls
    calls += 1
    step(recipe, training)
    if calls == int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)
NoGAN.step = dying
sys.exit(run(words))
"""
PLAIN = "import sys; from gancore.cli import run; sys.exit(run(sys.argv[2:]))"
SMALL = ["--set=generator=resnet", "--set=generator.width=2", "--set=generator.blocks=1"]
SMALL += ["--set=discriminator=patchgan", "--set=discriminator.width=2", "--set=discriminator.layers=1"]
SMALL += ["--set=generator_share=0.3", "--set=discriminator_share=0.3", "--set=checks=4", "--set=patience=0"]


def gancore(step, *words, program=PLAIN):
    command = [sys.executable, "-c", program, str(step), "train", *map(str, words)]
    return subprocess.run(command, capture_output=True)


def last(run):
    folder = RunFolder(run).checkpoints[0]
    return folder.name, [read_weights(folder / f"{name}.safetensors") for name in ("weights", "training")]


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """The command of a training on a few gray images and their colors, but for where it writes."""
    folder = tmp_path_factory.mktemp("data")
    color = np.random.default_rng(0).integers(0, 256, (24, 8, 8, 3), dtype=np.uint8)
    np.save(folder / "color.npy", color)
    np.save(folder / "gray.npy", color.mean(3, keepdims=True).astype(np.uint8))
    data = ["--data", folder / "gray.npy", "--data", folder / "color.npy", "--paired", "--hold-out", 8]
    every = ["--checkpoint-every", 4, "--evaluate-every", 0]
    return ["nogan", *SMALL, *data, "--batch", 4, "--images", 40, *every, "--threads", 1, "--output"]


@pytest.fixture(scope="module")
def undisturbed(words, tmp_path_factory):
    run = tmp_path_factory.mktemp("undisturbed") / "run"
    whole = gancore(0, *words, run)
    assert whole.returncode == 0, whole.stderr.decode()
    return last(run)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("step", [2, 5, 8])
def test_a_resumed_run_has_the_bits_of_an_undisturbed_one(step, words, undisturbed, tmp_path):
    killed = gancore(step, *words, tmp_path / "run", program=KILLED)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    resumed = gancore(0, "--resume", tmp_path / "run")
    assert resumed.returncode == 0, resumed.stderr.decode()
    (seen, expected), (reached, found) = undisturbed, last(tmp_path / "run")
    assert seen == reached
    for one, other in zip(expected, found, strict=True):
        assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
