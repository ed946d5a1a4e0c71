"""Imported networks beside the outputs of the code that they come from.

A file of safetensors holds the weights of the networks `G` and `D`, as `gancore.published` reads them, and
tensors that were given to that code and came out of it: latents `in.z (N, D)`, labels `in.y`, if it reads
any, images `out.image (N, C, H, W)` and `out.scores_of_image`, the discriminator's scores of these images.
"""

from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import load_file
from torch import Tensor

from gancore.published import import_discriminator, import_generator, read_networks


class Parity(NamedTuple):
    """How far images and scores are from those of the other code, as `difference` has it."""

    image: float
    scores: float


def difference(found: Tensor, expected: Tensor) -> float:
    """The largest difference between two tensors of the same number of entries, relative to the largest
    magnitude of those expected.
    """
    apart = found.detach().reshape(expected.shape) - expected.detach()
    return float(apart.abs().max() / expected.detach().abs().max())


@torch.no_grad()
def parity(file: Path | str) -> Parity:
    """Imports the networks of a file and compares their outputs, in eval mode, with those that stand there.

    Raises:
        CheckpointError: the file cannot be read, or no importer knows its networks.
    """
    networks, known = read_networks(Path(file)), load_file(file)
    pipeline = import_generator(networks["G"])
    judge = import_discriminator(networks["D"], image=pipeline.generator.image)
    label, shown = known.get("in.y"), known["out.image"]
    image = pipeline.generator.eval()(pipeline.conditioner(known["in.z"], label))  # (N, C, H, W)
    scores = judge.eval()(shown, label)  # (N,)
    return Parity(difference(image, shown), difference(scores, known["out.scores_of_image"]))
