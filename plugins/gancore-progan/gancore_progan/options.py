"""The options that both networks have."""

from typing import Any

from gancore.component.part import field
from gancore.component.validators import as_tuple, sizes, within
from gancore.errors import FactError
from gancore.nn.pyramid import channels, doublings

__all__ = ["UNUSED_LAYERS", "slope_field", "widths_field", "widths_of"]

BASE, MOST = 8192, 512
"""Channels × size / 2 at each size, and the maximum of channels: table 2."""
UNUSED_LAYERS = "of the layers to and from colors, only those of the sizes in use have a gradient"


def widths_field() -> Any:
    """Channels of the maps."""
    return field(
        default=(),
        converter=as_tuple,
        validator=sizes(none=True),
        help="channels of the maps, from the smallest on; (): 512 up to 32 pixels, halved with each doubling",
    )


def slope_field() -> Any:
    """The slope of the leaky ReLUs."""
    return field(default=0.2, validator=within(0, 1), help="slope of the leaky ReLUs below zero")


def widths_of(part: Any) -> tuple[int, ...]:
    """Channels of each map of a network with these options, from the smallest map on.

    Raises:
        FactError: the image is not a map with a shorter side of 4 to 7 times a power of two, or the widths
            are not one for each map.
    """
    count = doublings(part.image, part.qualified_name) + 1
    widths = part.widths or tuple(channels(i + 1, BASE, MOST) for i in range(count))
    if len(widths) != count:
        raise FactError(
            f"{part.qualified_name} needs {count} widths for images of {part.image[1]}×{part.image[2]}, one "
            f"for each map from the smallest on; got {list(widths)}"
        )
    return tuple(widths)
