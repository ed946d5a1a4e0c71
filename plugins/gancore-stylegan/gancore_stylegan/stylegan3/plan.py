"""Which frequencies each layer of the alias-free generator keeps, and how finely it is sampled."""

from collections.abc import Sequence
from typing import NamedTuple

from gancore.component.interfaces import ImageShape
from gancore.errors import FactError

__all__ = ["Band", "layer_widths", "plan"]

CUTOFF = 2.0
"""The first layer's cutoff."""
STOPBAND = 2**2.1
"""Where the first layer's stopband begins."""
LAST_STOPBAND = 2**0.3
"""Where the last layer's stopband begins, as a multiple of its cutoff."""
CRITICAL = 2
"""Layers at the end that are critically sampled."""
MARGIN = 10
"""Pixels beyond the image, on each side of a map."""


class Band(NamedTuple):
    """What a layer keeps. Frequencies and rates count along the image's shorter side.

    It passes frequencies to `cutoff`, and none from `cutoff` + `half_width` on; its map has `rate` samples
    and its sides are `size`.
    """

    cutoff: float
    half_width: float
    rate: int
    size: tuple[int, int]
    critical: bool


def plan(image: ImageShape, layers: int, address: str) -> list[Band]:
    """The bands of all layers and, last, of the image.

    Paper: Karras et al. 2021 (StyleGAN3), arXiv:2106.12423, section 3.2 (configs G and T) and appendix F:
    cutoff and stopband grow in a geometric progression up to the image's, which the last two layers share;
    the sampling rate is the least one, halving the image's, that holds the stopband.

    Raises:
        FactError: a side is shorter than 4.
    """
    _, height, width = image
    short = min(height, width)
    if short < 2 * CUTOFF:
        raise FactError(
            f"{address} cannot have images of {height}×{width}: both sides must be at least 4; "
            "resize the images"
        )
    last = short / 2
    bands = []
    for i in range(layers + 1):
        share = min(i / (layers - CRITICAL), 1.0)
        cutoff = CUTOFF * (last / CUTOFF) ** share
        stopband = STOPBAND * (last * LAST_STOPBAND / STOPBAND) ** share
        halved = halvings(height, width, min(2 * stopband, short))
        rate = short >> halved
        margin = 0 if i >= layers - 1 else 2 * MARGIN
        size = (height >> halved) + margin, (width >> halved) + margin
        bands.append(Band(cutoff, max(stopband, rate / 2) - cutoff, rate, size, i >= layers - CRITICAL))
    return bands


def layer_widths(bands: Sequence[Band], base: int, most: int) -> list[int]:
    """Feature maps at each band: `base` over twice its cutoff, rounded to the nearest even number where it
    lies between two.
    """
    return [max(1, min(round(base / 2 / band.cutoff), most)) for band in bands]


def halvings(height: int, width: int, least: float) -> int:
    """How often both sides can be halved while the shorter one stays at `least`."""
    count = 0
    while (
        not (height >> count) % 2 and not (width >> count) % 2 and min(height, width) >> (count + 1) >= least
    ):
        count += 1
    return count
