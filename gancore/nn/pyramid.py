"""Sizes and widths of the feature maps in a network that doubles or halves them between a small map and the
image.
"""

from gancore.component.interfaces import ImageShape
from gancore.errors import FactError

__all__ = ["channels", "check_powers_of_two", "doubling_widths", "doublings", "halvings", "smallest_map"]


def halvings(height: int, width: int, smallest: int = 4) -> int:
    """How often both sides can be halved without a remainder while the shorter one stays at least
    `smallest`.
    """
    count = 0
    while height % 2 == width % 2 == 0 and min(height, width) >= 2 * smallest:
        height, width, count = height // 2, width // 2, count + 1
    return count


def doublings(image: ImageShape, address: str, *, least: int = 0) -> int:
    """How often the smallest map, whose shorter side is 4 to 7, is doubled to reach the image.

    Raises:
        FactError: the image is not such a map times a power of two, or is doubled less often than `least`.
    """
    _, height, width = image
    count = halvings(height, width)
    if not 4 <= min(height, width) >> count <= 7:
        raise FactError(
            f"{address} cannot have images of {height}×{width}: the shorter side must be 4 to 7 "
            "times a power of two, and the longer side divisible by that power, as in 28×28, "
            "32×32, 48×32 or 64×64; resize the images"
        )
    if count < least:
        raise FactError(
            f"{address} cannot have images of {height}×{width}: the shorter side must be at least "
            f"{4 << least}; enlarge the images, for example to 32×32"
        )
    return count


def smallest_map(image: ImageShape, address: str) -> tuple[int, int]:
    """Height and width of the smallest map. Raises like `doublings`."""
    count = doublings(image, address)
    return image[1] >> count, image[2] >> count


def check_powers_of_two(image: ImageShape, address: str) -> None:
    """Raises FactError if a side is not a power of two, or is less than 16."""
    _, height, width = image
    if min(height, width) < 16 or any(side & (side - 1) for side in (height, width)):
        needs = f"{address} needs sides that are powers of two and at least 16"
        raise FactError(f"{needs}; got {height}×{width}: resize the images, for example to 64×64")


def doubling_widths(width: int, count: int, most: int = 8) -> list[int]:
    """Channels of `count` maps, the largest first: `width`, doubled each time up to `most` × `width`."""
    return [width * min(2**i, most) for i in range(count)]


def channels(stage: int, base: int, most: int) -> int:
    """Channels of a stage, where the smallest map is stage 1 (Karras et al. 2017, arXiv:1710.10196, table
    2).
    """
    return max(1, min(base >> stage, most))
