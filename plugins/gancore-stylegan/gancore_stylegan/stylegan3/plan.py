"""The cutoff frequency and sampling rate of each layer of the alias-free generator."""

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
"""The number of critically sampled layers at the end."""
MARGIN = 10
"""Pixels beyond the image, at each edge of a map."""


class Band(NamedTuple):
    """The frequency band of a layer. Frequencies and rates are per length of the image's shorter side.

    Frequencies up to `cutoff` pass, those from `cutoff` + `half_width` on are blocked. `rate` is the sampling
    rate, `size` the height and width of the map with its margin.
    """

    cutoff: float
    half_width: float
    rate: int
    size: tuple[int, int]
    critical: bool


def plan(image: ImageShape, layers: int, name: str) -> list[Band]:
    """The bands of all layers and, last, of the image; `name` is the generator's, for errors.

    Paper: Karras et al. 2021 (StyleGAN3), arXiv:2106.12423, section 3.2 (configs G and T) and appendix F:
    cutoff and stopband grow in a geometric progression up to the image's, which the last two layers share;
    the sampling rate is the image's, halved as often as the stopband allows.

    Raises:
        FactError: a side is shorter than 4.
    """
    _, height, width = image
    short = min(height, width)
    if short < 2 * CUTOFF:
        raise FactError(
            f"{name} does not support images of {height}×{width}: both sides must be at least 4; "
            "resize the images"
        )
    last = short / 2
    bands = []
    for i in range(layers + 1):
        exponent = min(i / (layers - CRITICAL), 1.0)
        cutoff = CUTOFF * (last / CUTOFF) ** exponent
        stopband = STOPBAND * (last * LAST_STOPBAND / STOPBAND) ** exponent
        halved = halvings(height, width, min(2 * stopband, short))
        rate = short >> halved
        margin = 0 if i >= layers - 1 else 2 * MARGIN
        size = (height >> halved) + margin, (width >> halved) + margin
        bands.append(Band(cutoff, max(stopband, rate / 2) - cutoff, rate, size, i >= layers - CRITICAL))
    return bands


def layer_widths(bands: Sequence[Band], base: int, most: int) -> list[int]:
    """Channels at each band: `base` over twice its cutoff, rounded half to even, and at most `most`."""
    return [max(1, min(round(base / 2 / band.cutoff), most)) for band in bands]


def halvings(height: int, width: int, least: float) -> int:
    """How often both sides can be halved without remainder and with the shorter one at least `least`."""
    count = 0
    while (
        not (height >> count) % 2 and not (width >> count) % 2 and min(height, width) >> (count + 1) >= least
    ):
        count += 1
    return count
