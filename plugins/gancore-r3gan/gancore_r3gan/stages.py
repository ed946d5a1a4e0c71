"""The stages of both networks, one for each size of maps, and the options that say them."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from torch import nn

from gancore.component.interfaces import ImageShape
from gancore.component.part import field
from gancore.component.validators import as_tuple, is_number, sizes, whole
from gancore.errors import FactError
from gancore.nn.pyramid import doublings, smallest_map
from gancore_r3gan.layers import Bottleneck, filter_of

__all__ = ["Plan", "blocks_field", "cardinalities_field", "plan", "resampling_field", "widths_field"]

WIDEST, FULL = 768, 32
"""Channels of all maps up to 32 pixels; each doubling beyond halves them, as published for FFHQ."""
PER_GROUP = 8
"""Channels of a stage for each group of its grouped convolutions, as in all published presets."""


def _taps(_: Any, attribute: Any, value: Any) -> None:
    fits = isinstance(value, tuple) and value and all(is_number(tap) for tap in value) and sum(value) != 0
    if not fits or value != value[::-1]:
        raise ValueError(f"{attribute.name} must be a symmetric filter such as [1, 2, 1]; got {value!r}")


def widths_field() -> Any:
    """Channels of the stages."""
    return field(
        default=(),
        converter=as_tuple,
        validator=sizes(none=True),
        help="channels of the maps, from the smallest on; (): 768 up to 32 pixels, halved with each doubling",
    )


def cardinalities_field() -> Any:
    """Groups of the stages."""
    return field(
        default=(),
        converter=as_tuple,
        validator=sizes(none=True),
        help="groups of the 3×3 convolutions, from the smallest map on; (): one for 8 channels of the map",
    )


def blocks_field() -> Any:
    """Blocks of the stages."""
    return field(
        default=(),
        converter=as_tuple,
        validator=sizes(none=True),
        help="residual blocks, from the smallest map on; (): two for each map",
    )


def resampling_field() -> Any:
    """The filter between stages."""
    return field(
        default=(1, 2, 1),
        converter=as_tuple,
        validator=_taps,
        help="filter that the maps are resampled with, before it is spread over two samples",
    )


def expansion_field() -> Any:
    """How much wider a bottleneck is inside."""
    return field(default=2, validator=whole(1), help="channels inside a block, in multiples of its own")


class Plan(NamedTuple):
    """Channels, groups and blocks of each stage, from the smallest map on; its size, and the filter."""

    widths: tuple[int, ...]
    cardinalities: tuple[int, ...]
    blocks: tuple[int, ...]
    small: tuple[int, int]
    taps: tuple[float, ...]

    def stages(self, expansion: int, kernel: int = 3) -> Iterator[list[nn.Module]]:
        """The blocks of each stage."""
        for width, groups, count in zip(self.widths, self.cardinalities, self.blocks, strict=True):
            yield [Bottleneck(width, groups, expansion, kernel, sum(self.blocks)) for _ in range(count)]


def plan(part: Any, image: ImageShape) -> Plan:
    """The stages of a network with the options here.

    Raises:
        FactError: the image is not a map with a shorter side of 4 to 7 times a power of two, or options are
        not one for each map, or groups do not divide the channels.
    """
    address = part.qualified_name
    count = doublings(image, address) + 1
    full = sum(min(image[1:]) >> (count - 1 - i) <= FULL for i in range(count))
    widths = part.widths or tuple(
        WIDEST if i < full else max(WIDEST >> (i - full + 1), PER_GROUP) for i in range(count)
    )
    groups = part.cardinalities or tuple(max(1, width // PER_GROUP) for width in widths)
    blocks = part.blocks or (2,) * count
    for name, values in (("widths", widths), ("cardinalities", groups), ("blocks", blocks)):
        if len(values) != count:
            raise FactError(
                f"{address} needs {count} {name} for images of {image[1]}×{image[2]}, one for each map from "
                f"the smallest on; got {list(values)}"
            )
    for width, group in zip(widths, groups, strict=True):
        if width * part.expansion % group:
            raise FactError(
                f"{address}: {group} groups do not divide {width * part.expansion} channels "
                f"({part.expansion} × {width}); change widths or cardinalities"
            )
    taps = filter_of(tuple(map(float, part.resampling)))
    return Plan(tuple(widths), tuple(groups), tuple(blocks), smallest_map(image, address), taps)
