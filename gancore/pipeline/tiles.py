"""Large images in tiles: which part of an image each of them reads, and which it makes."""

from collections.abc import Sequence
from math import ceil

import attrs
from torch import nn

from gancore.errors import UserError
from gancore.nn.attention import SelfAttention
from gancore.nn.batch_norm import BatchNorm2d
from gancore.nn.instance_norm import InstanceNorm
from gancore.pipeline.pipeline import Pipeline

MADE = 1024
"""Pixels that the side of a tile makes by default."""
OVERLAP = 32
"""Pixels of its neighbors that a tile reads by default, on each side."""
WHOLE = (InstanceNorm, nn.InstanceNorm2d, nn.GroupNorm, SelfAttention, nn.MultiheadAttention)
"""Layers whose result at each place depends on all of what is read."""


@attrs.frozen
class Span:
    """Rows, or columns, that a tile makes, `start` to `stop`, and that it reads for it, `low` to `high`."""

    start: int
    stop: int
    low: int
    high: int

    def made(self, ratio: float) -> slice:
        """Where what it makes lies in the result of what it reads, `ratio` times as large."""
        return slice(round((self.start - self.low) * ratio), round((self.stop - self.low) * ratio))


def spans(size: int, tile: int, overlap: int, multiple: int) -> list[Span]:
    """Spans of about equal length, at most `tile`, that cover `size`; each begins and ends at a multiple, so
    that every layer of a network that halves its image meets the pixels at the same places as in the whole.
    """
    count = ceil(size / max(tile, multiple))
    step = _up(ceil(size / count), multiple)
    aside = _up(overlap, multiple)
    return [
        Span(start, stop, max(0, start - aside), min(size, stop + aside))
        for start in range(0, size, step)
        if (stop := min(size, start + step))
    ]


def _up(value: int, multiple: int) -> int:
    return -value % multiple + value


@attrs.frozen
class Tiles:
    """How an image is cut.

    Attributes:
        tile: longest side of what a tile makes, in pixels that are read; 0 for whole images.
        overlap: pixels of its neighbors that a tile reads too, on each side. Tiles make what the whole would
            make wherever the overlap covers how far the network looks.
    """

    tile: int
    overlap: int = OVERLAP

    def spans(self, size: int, multiple: int) -> list[Span]:
        """Of rows or of columns; `size` is a multiple."""
        return spans(size, self.tile or size, self.overlap, multiple)


def tiles_of(pipeline: Pipeline, tile: int | None = None, overlap: int | None = None) -> Tiles:
    """The tiles asked for; by default as many pixels as make 1024 along a side.

    Raises:
        UserError: no whole number of 0 or more, or a tile for a generator that reads one size.
    """
    for name, value in (("--tile", tile), ("--overlap", overlap)):
        if value is not None and not (type(value) is int and value >= 0):
            raise UserError(f"{name} is {value!r}; give a whole number of pixels, 0 or more")
    if not pipeline.generator.size_multiple:
        if tile or overlap:
            raise UserError(
                f"{pipeline.generator.qualified_name} reads one size, {_size(pipeline.reads_shape)}; "
                "omit --tile and --overlap"
            )
        return Tiles(0)
    largest = max(ratios(pipeline))
    usual = max(1, int(MADE / largest))
    return Tiles(usual if tile is None else tile, OVERLAP if overlap is None else overlap)


def ratios(pipeline: Pipeline) -> tuple[float, float]:
    """How many times as high, and as wide, images come out as they go in. Reconstructions keep their size."""
    made, read = pipeline.generator.image[1:], pipeline.reads_shape[1:]
    return made[0] / read[0], made[1] / read[1]


def global_layers(pipeline: Pipeline) -> Sequence[str]:
    """The kinds of layers that look at all of what they read, so that tiles differ from the whole."""
    layers = pipeline.generator.modules()
    return sorted({type(layer).__name__ for layer in layers if _sees_all(layer)})


def _sees_all(layer: nn.Module) -> bool:
    if isinstance(layer, nn.BatchNorm2d):
        return layer.running_mean is None or (isinstance(layer, BatchNorm2d) and layer.own_statistics)
    return isinstance(layer, WHOLE)


def _size(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape[1:]))
