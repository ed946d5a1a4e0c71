"""Trainings killed between the micro-batches of one step, and resumed."""

import signal
import subprocess
import sys

import pytest
import torch

from gancore.component.weights import read_weights
from gancore.runs.folder import RunFolder

PLAYERS = ("generator", "discriminator")
SHORT = [
    f"--set={player}.{option}=[{value}, {value}]"
    for player in PLAYERS
    for option, value in (("widths", 8), ("cardinalities", 1), ("blocks", 1))
]
RECIPES = {
    "biggan-cifar": ["--set=generator.width=2", "--set=discriminator.width=2"],
    "r3gan-small": SHORT,
    "r3gan-labels": [*SHORT, "--set=augment.p=0.5"],
    "progan": [f"--set={p}.widths=[8, 8]" for p in PLAYERS]
    + ["--set=generator.latent_size=6", "--set=discriminator.group=2", "--checkpoint-every=8"],
}
"""ProGAN fades in its second size from image 32 to 64."""
CALLS = {"progan": 61}
"""How often a discriminator scores before it is killed, where it is not 47 times; no multiple of 4."""
KILLED = """
import os, signal, sys
from gancore.cli import run
from gancore.recipes.gan import TwoPlayerGAN
calls, scored = 0, TwoPlayerGAN.scored
def dying(*words, **named):
    global calls
    calls += 1
    if calls == {calls}:
        os.kill(os.getpid(), signal.SIGKILL)
    return scored(*words, **named)
TwoPlayerGAN.scored = dying
sys.exit(run(sys.argv[1:]))
"""
PLAIN = "import sys; from gancore.cli import run; sys.exit(run(sys.argv[1:]))"


def gancore(*words, program=PLAIN):
    return subprocess.run([sys.executable, "-c", program, "train", *map(str, words)], capture_output=True)


def last(run):
    folder = RunFolder(run).checkpoints[0]
    return folder.name, [read_weights(folder / f"{name}.safetensors") for name in ("weights", "training")]


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES)
def test_the_resumed_run_has_the_bits_of_an_undisturbed_one(recipe, tmp_path):
    words = [recipe, "--size", 8, "--batch", 8, "--micro-batch", 2, "--images", 128, "--threads", 1]
    words += ["--checkpoint-every", 32, "--evaluate-every", 0, *RECIPES[recipe], "--output"]
    whole = gancore(*words, tmp_path / "whole")
    assert whole.returncode == 0, whole.stderr.decode()
    killed = gancore(*words, tmp_path / "killed", program=KILLED.format(calls=CALLS.get(recipe, 47)))
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert 0 < RunFolder(tmp_path / "killed").seen < 128
    stage = last(tmp_path / "killed")[1][0].get("generator.stage")
    assert stage is None or 0 < stage < 1
    resumed = gancore("--resume", tmp_path / "killed")
    assert resumed.returncode == 0, resumed.stderr.decode()
    (seen, expected), (reached, found) = last(tmp_path / "whole"), last(tmp_path / "killed")
    assert seen == reached
    for one, other in zip(expected, found, strict=True):
        assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
