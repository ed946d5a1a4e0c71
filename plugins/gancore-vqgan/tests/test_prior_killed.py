"""A second stage that is killed between the micro-batches of a step, and resumed."""

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
from gancore_vqgan import MaskGIT
calls, terms = 0, MaskGIT.terms
def dying(*words):
    global calls
    calls += 1
    if calls == 23:  # the second step after a checkpoint, in its third micro-batch
        os.kill(os.getpid(), signal.SIGKILL)
    return terms(*words)
MaskGIT.terms = dying
sys.exit(run(sys.argv[1:]))
"""
PLAIN = "import sys; from gancore.cli import run; sys.exit(run(sys.argv[1:]))"
FIRST = ["--set=generator.width=4", "--set=generator.blocks=1", "--set=encoder.network.width=4"]
FIRST += ["--set=encoder.network.blocks=1", "--set=encoder.quantizer.size=6", "--set=generator.vector=3"]
SECOND = ["--set=sampler=maskgit", "--set=sampler.layers=1", "--set=sampler.heads=2", "--set=sampler.width=8"]


def gancore(*words, program=PLAIN):
    return subprocess.run([sys.executable, "-c", program, "train", *map(str, words)], capture_output=True)


def last(run):
    folder = RunFolder(run).checkpoints[0]
    return folder.name, [read_weights(folder / f"{name}.safetensors") for name in ("weights", "training")]


@pytest.mark.slow
def test_the_resumed_run_has_the_bits_of_an_undisturbed_one(tmp_path):
    np.save(tmp_path / "images.npy", np.random.default_rng(0).integers(0, 256, (32, 8, 8), dtype=np.uint8))
    words = ["--data", tmp_path / "images.npy", "--batch", 8, "--evaluate-every", 0, "--threads", 1]
    first = gancore("vq-vae", *FIRST, *words, "--images", 16, "--output", tmp_path / "first")
    assert first.returncode == 0, first.stderr.decode()
    words = ["code-prior", *SECOND, *words, "--init", tmp_path / "first", "--micro-batch", 2]
    words += ["--images", 64, "--checkpoint-every", 32, "--output"]
    whole = gancore(*words, tmp_path / "whole")
    assert whole.returncode == 0, whole.stderr.decode()
    killed = gancore(*words, tmp_path / "killed", program=KILLED)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert RunFolder(tmp_path / "killed").seen == 32
    resumed = gancore("--resume", tmp_path / "killed")
    assert resumed.returncode == 0, resumed.stderr.decode()
    (seen, expected), (reached, found) = last(tmp_path / "whole"), last(tmp_path / "killed")
    assert seen == reached
    for one, other in zip(expected, found, strict=True):
        assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
