"""The Python functions of the commands `gancore write-shapes` and `gancore disentanglement`."""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from gancore.errors import UserError
from gancore.runs.folder import RunFolder
from gancore_vae.mig_dci import Disentanglement, dci, mutual_information_gap
from gancore_vae.synthetic import FACTORS, NOMINAL, draw_factors, shapes

CHUNK = 1024
"""Images made and encoded at a time."""


class Factored(NamedTuple):
    """What `disentanglement` found: MIG, and DCI."""

    mig: float
    dci: Disentanglement


def write_shapes(
    output: str | os.PathLike[str], *, count: int = 20_000, size: int = 32, seed: int = 0
) -> Path:
    """Writes images of shapes for training, uint8 `(count, size, size)`, as an array (`.npy`).

    Args:
        output: the file.
        count: images.
        size: height and width in pixels.
        seed: seed of their factors.

    Raises:
        UserError: the name does not end in .npy, `count` is below 1, or `size` below 8.
    """
    path = Path(output)
    if path.suffix != ".npy" or count < 1 or size < 8:
        raise UserError(
            f"shapes are written to a file .npy, one at least, 8 pixels wide at least; got {path}, {count} "
            f"of size {size}"
        )
    rng = torch.Generator().manual_seed(seed)
    images = [shapes(some, size)[:, 0] for some in torch.split(draw_factors(count, rng=rng), CHUNK)]
    np.save(path, (torch.cat(images) * 127.5 + 127.5).round().to(torch.uint8).numpy())
    return path


def disentanglement(run: str | os.PathLike[str], *, count: int = 5000, seed: int = 1) -> Factored:
    """MIG and DCI of a run's encoder on new images of shapes.

    Args:
        run: folder of a run trained on shapes.
        count: new images to encode.
        seed: seed of their factors.

    Raises:
        UserError: the run trains no encoder that reads square gray images without labels, or its codes have
            one coordinate.
    """
    pipeline = RunFolder(os.fspath(run)).pipeline()
    channels, height, width = pipeline.generator.image
    if pipeline.encoder is None or pipeline.encoder.conditional or channels != 1 or height != width:
        raise UserError(
            f"{run} makes images {channels}×{height}×{width}; shapes are square and gray: train a model with "
            "an encoder that reads no labels on what `gancore write-shapes` writes"
        )
    factors = draw_factors(count, rng=torch.Generator().manual_seed(seed))
    codes = torch.cat(
        [pipeline.encode(shapes(some, height)) for some in torch.split(factors, CHUNK)]
    ).flatten(1)
    nominal = tuple(i for i, name in enumerate(FACTORS) if name in NOMINAL)
    return Factored(mutual_information_gap(codes, factors), dci(codes, factors, nominal))
