"""Translations of images of any size."""

import torch
from torch import Tensor
from torch.nn.functional import pad

from gancore.errors import DataError
from gancore.pipeline.pipeline import Pipeline
from gancore.pipeline.tiles import Tiles, ratios


def translated(
    pipeline: Pipeline,
    image: Tensor,
    label: Tensor | None = None,
    *,
    seed: int = 0,
    tiles: Tiles | None = None,
) -> Tensor:
    """The translation of images `(N, C, H, W)` of any size, if the generator reads any: their border is
    repeated up to a multiple of its `size_multiple`, and what came of that is cut off again. With `tiles`
    piece by piece; default: whole.

    Raises:
        DataError: the images are too small for the generator.
    """
    step, cut = pipeline.generator.size_multiple or 1, tiles or Tiles(0)
    height, width = image.shape[2:]
    padded = pad(image, (0, -width % step, 0, -height % step), mode="replicate")
    down, across = (cut.spans(size, step) for size in padded.shape[2:])
    tall, wide = ratios(pipeline)
    strips = []
    for y in down:
        windows = ((x, padded[:, :, y.low : y.high, x.low : x.high]) for x in across)
        made = [made_of(pipeline, w, label, seed=seed)[:, :, y.made(tall), x.made(wide)] for x, w in windows]
        strips.append(torch.cat(made, 3))
    return torch.cat(strips, 2)[:, :, : int(height * tall), : int(width * wide)]


def made_of(pipeline: Pipeline, image: Tensor, label: Tensor | None = None, *, seed: int = 0) -> Tensor:
    """The translation of images of a size that the generator reads. Raises as `translated`."""
    try:
        return torch.cat(list(pipeline.apply(image, label, seed=seed)))
    except RuntimeError as error:  # a layer's own words about a size that is too small, or memory
        name, (height, width) = pipeline.generator.qualified_name, image.shape[2:]
        raise DataError(f"{name} cannot translate images {height}×{width} ({error})") from None
