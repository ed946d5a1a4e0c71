"""Translations of images of any size."""

import torch
from torch import Tensor
from torch.nn.functional import pad

from gancore.errors import DataError
from gancore.pipeline.pipeline import Pipeline
from gancore.pipeline.tiles import Tiles, ratios

BEYOND = 1.1
"""The largest value of an image that is read: resizing may overshoot 1 a little."""
SURELY_READ = 16
"""Pixels from which on every side is read that is a multiple of the generator's."""


def translated(
    pipeline: Pipeline,
    image: Tensor,
    label: Tensor | None = None,
    *,
    seed: int = 0,
    tiles: Tiles | None = None,
) -> Tensor:
    """The translation of images `(N, C, H, W)` of any size, if the generator reads any: their border is
    repeated up to a multiple of its `size_multiple` that it can read, and what came of that is cut off
    again. With `tiles` piece by piece; default: whole.

    Raises:
        DataError: these are no images that the pipeline reads: float in [-1, 1], with its channels; or the
            generator does not read that size.
    """
    _check(pipeline, image)
    step, cut = pipeline.generator.size_multiple or 1, tiles or Tiles(0)
    height, width = image.shape[2:]
    tallest, widest = (
        size_read(pipeline, side, None if label is None else label[:1]) for side in (height, width)
    )
    padded = pad(image, (0, widest - width, 0, tallest - height), mode="replicate")
    down, across = (cut.spans(size, step) for size in padded.shape[2:])
    tall, wide = ratios(pipeline)
    strips = []
    for y in down:
        windows = ((x, padded[:, :, y.low : y.high, x.low : x.high]) for x in across)
        made = [made_of(pipeline, w, label, seed=seed)[:, :, y.made(tall), x.made(wide)] for x, w in windows]
        strips.append(torch.cat(made, 3))
    return torch.cat(strips, 2)[:, :, : int(height * tall), : int(width * wide)]


def _check(pipeline: Pipeline, image: Tensor) -> None:
    channels = pipeline.reads_shape[0]
    expected = f"expected images (N, {channels}, H, W), float in [-1, 1]"
    if not isinstance(image, Tensor):
        raise DataError(f"images are a {type(image).__name__}; {expected}, as a tensor")
    if not image.is_floating_point():
        raise DataError(f"images are {image.dtype}; {expected}: divide by 127.5 and subtract 1 for 0 to 255")
    if image.ndim != 4 or image.shape[1] != channels or not image.numel():
        raise DataError(f"images are {tuple(image.shape)}; {expected}")
    low, high = (float(value) for value in image.aminmax())
    if not -BEYOND <= low <= high <= BEYOND:
        raise DataError(f"values are from {low:g} to {high:g}; {expected}")


def size_read(pipeline: Pipeline, side: int, label: Tensor | None = None) -> int:
    """The multiple of the generator's `size_multiple` up to which a side of an image is continued: the next
    one, or for small images the next that it reads as a square, since layers that reflect the border need
    some pixels.
    """
    step = pipeline.generator.size_multiple or 1
    wanted = -side % step + side
    while pipeline.generator.size_multiple and wanted < SURELY_READ and not _reads(pipeline, wanted, label):
        wanted += step
    return wanted


def _reads(pipeline: Pipeline, side: int, label: Tensor | None) -> bool:
    try:
        made_of(pipeline, torch.zeros(1, pipeline.reads_shape[0], side, side), label)
    except DataError:
        return False
    return True


def made_of(pipeline: Pipeline, image: Tensor, label: Tensor | None = None, *, seed: int = 0) -> Tensor:
    """The translation of images of a size that the generator reads. Raises as `translated`."""
    try:
        return torch.cat(list(pipeline.apply(image, label, seed=seed)))
    except RuntimeError as error:  # a layer's own words about a size that is too small, or memory
        name, (height, width) = pipeline.generator.qualified_name, image.shape[2:]
        raise DataError(f"{name} cannot translate images {height}×{width} ({error})") from None
