"""Small trainings in a folder, and whether two of them ended alike."""

import numpy as np
import torch
from small import MeanConditioner, SmallDiscriminator, SmallGenerator

from gancore import TwoPlayerGAN
from gancore.component.weights import read_weights
from gancore.runs.folder import RunFolder
from gancore.runs.log import Log
from gancore.runs.sources import Sources
from gancore.standard.regularizers import R1
from gancore.training.start import train

OFTEN = {
    "images": 64,
    "batch": 4,
    "checkpoint_every": 16,
    "report_every": 12,
    "sample_every": 32,
    "evaluate_every": 0,
}


def sources(folder):
    """Twenty images of noise in a file."""
    path = folder / "images.npy"
    np.save(path, np.random.default_rng(0).integers(0, 256, (20, 3, 8, 8), dtype=np.uint8))
    return Sources(data=(str(path),))


def game():
    """A recipe with noise, a lazy penalty, and state that moves."""
    return TwoPlayerGAN(
        generator=SmallGenerator(noise=0.1),
        conditioner=MeanConditioner(),
        discriminator=SmallDiscriminator(),
        regularizers=[R1(every=4)],
    )


def begin(data, folder, **settings):
    """Trains to the end."""
    return train(game(), data, output=folder, **{**OFTEN, **settings})


def end_of(folder):
    """The name and tensors of the last checkpoint, the reports, and the sheets."""
    last = RunFolder(folder).checkpoints[0]
    tensors = {name: read_weights(last / f"{name}.safetensors") for name in ("weights", "training")}
    flat = {f"{file}/{name}": value for file, several in tensors.items() for name, value in several.items()}
    reports = [
        {k: v for k, v in line.items() if k != "seconds"}
        for line in Log.read(folder / "log.jsonl")
        if "scalars" in line
    ]
    sheets = {p.name: p.read_bytes() for p in (folder / "samples").iterdir()}
    return last.name, flat, reports, sheets


def assert_same_end(one, other):
    """Two run folders ended with the same bits, and said the same on the way."""
    (name, mine, reports, sheets), (their_name, theirs, their_reports, their_grids) = (
        end_of(one),
        end_of(other),
    )
    assert name == their_name and mine.keys() == theirs.keys()
    assert all(torch.equal(mine[key], theirs[key]) for key in mine)
    assert reports == their_reports and sheets == their_grids
