"""Translations of images of any size."""

import torch
from torch import Tensor
from torch.nn.functional import pad

from gancore.errors import DataError
from gancore.pipeline.pipeline import Pipeline


def translated(pipeline: Pipeline, image: Tensor, label: Tensor | None = None, *, seed: int = 0) -> Tensor:
    """The translation of images `(N, C, H, W)` of any size, if the generator reads any: their border is
    repeated up to a multiple of its `size_multiple`, and what came of that is cut off again.

    Raises:
        DataError: the images are too small for the generator.
    """
    step = pipeline.generator.size_multiple or 1
    height, width = image.shape[2:]
    padded = pad(image, (0, -width % step, 0, -height % step), mode="replicate")
    try:
        made = torch.cat(list(pipeline.apply(padded, label, seed=seed)))
    except RuntimeError as error:  # a layer's own words about a size that is too small, or memory
        name = pipeline.generator.qualified_name
        raise DataError(f"{name} cannot translate images {height}×{width} ({error})") from None
    return made[
        :,
        :,
        : height * made.shape[2] // padded.shape[2],
        : width * made.shape[3] // padded.shape[3],
    ]
