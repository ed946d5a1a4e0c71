"""The published widths of both networks, and where they attend."""

from collections.abc import Sequence

from gancore.component.interfaces import ImageShape
from gancore.errors import FactError
from gancore.nn.pyramid import doublings, halvings

__all__ = ["SMALL", "attended", "down_plan", "up_widths"]

SMALL = 32
"""Up to this shorter side all maps have four times the width, as for CIFAR-10."""
UP = {
    3: (16, 8, 4, 2),
    4: (16, 16, 8, 4, 2),
    5: (16, 16, 8, 4, 2, 1),
    6: (16, 16, 8, 8, 4, 2, 1),
    7: (16, 16, 8, 8, 4, 2, 1, 1),
}
"""Channels of a generator's maps by doublings, from the smallest map on, in units of the width."""
DOWN = {
    3: (1, 2, 4, 8),
    4: (1, 2, 4, 8, 16),
    5: (1, 2, 4, 8, 16, 16),
    6: (1, 2, 4, 8, 8, 16, 16),
    7: (1, 1, 2, 4, 8, 8, 16, 16),
}
"""Channels of a discriminator's maps by halvings, from the largest map on, in units of the width."""


def up_widths(image: ImageShape, width: int, address: str) -> tuple[int, ...]:
    """Channels of a generator's maps, from the smallest on.

    Raises:
        FactError: the image is not a map with a shorter side of 4 to 7 times a power of two, or larger than
        such a map doubled 7 times.
    """
    count = doublings(image, address)
    if min(image[1:]) <= SMALL:
        return (4 * width,) * (count + 1)
    return _times(UP, count, width, address)


def down_plan(image: ImageShape, width: int, address: str) -> tuple[tuple[int, ...], int]:
    """Channels of a discriminator's maps, from the largest on, and how often they are halved.

    Raises:
        FactError: the image cannot be halved down to a map with a shorter side of 3 to 5, or needs more
        than 7 halvings.
    """
    if min(image[1:]) <= SMALL:
        return (4 * width,) * 4, 2
    count = halvings(*image[1:], smallest=3)
    return _times(DOWN, count, width, address), count


def attended(sizes: Sequence[int], attention: Sequence[int], side: int, address: str) -> list[bool]:
    """After which of the maps with these shorter sides self-attention stands.

    A size that is at least `side`, the image's shorter side, and not among the maps stands for none, so that
    the default of 64 is also good for small images.

    Raises:
        FactError: no map has a size that was asked for.
    """
    for size in attention:
        if size not in sizes and size < side:
            raise FactError(
                f"{address} has maps with a shorter side of {', '.join(map(str, dict.fromkeys(sizes)))}, so "
                f"attention cannot be at {size}; choose from them, or another size of images"
            )
    return [size in attention for size in sizes]


def _times(table: dict[int, tuple[int, ...]], count: int, width: int, address: str) -> tuple[int, ...]:
    if count not in table:
        raise FactError(
            f"{address} has no published widths for {count} changes of size; give `widths`, or resize the "
            "images to 64×64, 128×128, 256×256 or 512×512"
        )
    return tuple(width * multiple for multiple in table[count])
