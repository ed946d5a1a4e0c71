"""Stacks of strided 4×4 convolutions between an image and a small map, without normalization.

The layers follow Radford et al. 2015 (DCGAN), arXiv:1511.06434, section 3, without batch normalization, so
that images stay independent of each other and micro-batches are exact. The shorter side of the small map is 4
to 7 (less for sides below 16).
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from torch import nn

from gancore.component.interfaces import ImageShape
from gancore.errors import FitError
from gancore.nn.pyramid import doubling_widths, halvings

__all__ = ["WIDTH", "StackPlan", "downward", "stack_plan", "upward"]

Layer = Callable[..., nn.Module]

WIDTH = "channels at half the image's size; they double with each further halving, up to 8 × this"
"""What the option `width` of such networks means."""


class StackPlan(NamedTuple):
    """The channels after each halving, and the shape `(C, H, W)` of the smallest map."""

    widths: list[int]
    small: ImageShape


def stack_plan(image: ImageShape, width: int, address: str) -> StackPlan:
    """Halves the image twice or more: `width` channels at half its size, doubled with each further halving,
    up to 8 × `width`.

    Raises:
        FitError: a side of the image is not a multiple of 4; `address` is the part that reads or makes it.
    """
    _, height, breadth = image
    if height % 4 or breadth % 4:
        raise FitError(
            f"{address} takes images whose sides are multiples of 4; got {height}×{breadth}: choose another "
            "size"
        )
    count = max(2, halvings(height, breadth))
    widths = doubling_widths(width, count)
    return StackPlan(widths, (widths[-1], height >> count, breadth >> count))


def downward(channels: int, widths: Sequence[int], convolution: Layer = nn.Conv2d) -> nn.Sequential:
    """Image `(N, channels, H, W)` → smallest map: a convolution of stride 2 and a rectifier for each
    halving.
    """
    layers: list[nn.Module] = []
    for before, after in pairwise([channels, *widths]):
        layers += [convolution(before, after, 4, stride=2, padding=1), nn.ReLU()]
    return nn.Sequential(*layers)


def upward(
    widths: Sequence[int],
    channels: int,
    transposed: Layer = nn.ConvTranspose2d,
    convolution: Layer = nn.Conv2d,
) -> nn.Sequential:
    """Smallest map → `(N, channels, H, W)`, unbounded: a rectifier, transposed convolutions of stride 2 with
    rectifiers, and a 3×3 convolution, which smooths out the checkerboard patterns of transposed ones.
    """
    sizes = [*reversed(widths), (widths[0] + 1) // 2]
    layers: list[nn.Module] = [nn.ReLU()]
    for before, after in pairwise(sizes):
        layers += [transposed(before, after, 4, stride=2, padding=1), nn.ReLU()]
    return nn.Sequential(*layers, convolution(sizes[-1], channels, 3, padding=1))
