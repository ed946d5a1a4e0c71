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


@pytest.mark.slow
def test_resumed_runs_have_the_bits_of_an_undisturbed_one(tmp_path):
    color = np.random.default_rng(0).integers(0, 256, (24, 8, 8, 3), dtype=np.uint8)
    np.save(tmp_path / "color.npy", color)
    np.save(tmp_path / "gray.npy", color.mean(3, keepdims=True).astype(np.uint8))
    words = ["nogan", *SMALL, "--data", tmp_path / "gray.npy", "--data", tmp_path / "color.npy", "--paired"]
    words += ["--batch", 4, "--images", 40, "--checkpoint-every", 4, "--evaluate-every", 0, "--threads", 1]
    words += ["--hold-out", 8, "--output"]
    whole = gancore(0, *words, tmp_path / "whole")
    assert whole.returncode == 0, whole.stderr.decode()
    seen, expected = last(tmp_path / "whole")
    for step in (2, 5, 8):
        killed = gancore(step, *words, tmp_path / f"killed-{step}", program=KILLED)
        assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
        resumed = gancore(0, "--resume", tmp_path / f"killed-{step}")
        assert resumed.returncode == 0, resumed.stderr.decode()
        reached, found = last(tmp_path / f"killed-{step}")
        assert seen == reached
        for one, other in zip(expected, found, strict=True):
            assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
