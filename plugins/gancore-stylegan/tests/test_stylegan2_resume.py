"""A StyleGAN2 with ADA, path length and lazy R1 that is interrupted and goes on ends with the bits of one
that was not.
"""

import numpy as np
import pytest
import torch
from gancore_stylegan import PAPER256, StyleGAN2

from gancore import resume, train
from gancore.component.weights import read_weights
from gancore.data import open_data
from gancore.runs.folder import RunFolder
from gancore.runs.log import Log

SETTINGS = {
    "images": 96,
    "batch": 4,
    "checkpoint_every": 20,
    "report_every": 12,
    "evaluate_every": 0,
    "device": "cpu",
}


def recipe():
    table = StyleGAN2.examples[0] | {
        "regularizers": [{"part": "r1", "every": 4}],
        "average": {"part": "exponential"},
    }
    table["augment"] = {"part": "ada", "categories": "bgcfnc", "target": -0.99, "speed": 200.0}
    return PAPER256(**table)


def end_of(folder):
    last = RunFolder(folder).checkpoints[0]
    tensors = {
        f"{file}/{k}": v
        for file in ("weights", "training")
        for k, v in read_weights(last / f"{file}.safetensors").items()
    }
    return tensors, [line["scalars"] for line in Log.read(folder / "log.jsonl") if "scalars" in line]


@pytest.mark.slow
@pytest.mark.parametrize("stop", [44, 60])  # in the middle of an interval of p, and at its end
def test_an_interrupted_training_ends_with_the_same_bits(stop, tmp_path):
    data = open_data(np.random.default_rng(0).integers(0, 256, (20, 3, 8, 8), dtype=np.uint8))
    train(recipe(), data, output=tmp_path / "whole", **SETTINGS)
    train(recipe(), data, output=tmp_path / "halted", **{**SETTINGS, "images": stop})
    resume(tmp_path / "halted", data, images=96)
    (whole, reports), (halted, their_reports) = end_of(tmp_path / "whole"), end_of(tmp_path / "halted")
    assert whole.keys() == halted.keys() and all(torch.equal(whole[k], halted[k]) for k in whole)
    assert {
        "weights/augment.p",
        "weights/augment.diagnostics",
        "weights/generator_regularizers.0.mean",
    } <= whole.keys()
    assert whole["weights/augment.p"] > 0 and whole["weights/generator_regularizers.0.mean"] > 0
    assert reports[-1] == their_reports[-1] and any("path-length" in name for name in reports[0])
