"""The sizes of the feature maps, which the synthesis network and the discriminator share."""

from gancore.component.interfaces import ImageShape
from gancore.errors import FactError


def doublings(image: ImageShape, address: str) -> int:
    """How often the smallest map, whose shorter side is 4 to 7, is doubled to reach the image.

    Raises:
        FactError: no power of two leads from such a map to the image.
    """
    _, height, width = image
    count = (min(height, width) // 4).bit_length() - 1
    if count < 0 or height % 2**count or width % 2**count:
        raise FactError(
            f"{address} cannot have images of {height}×{width}: "
            "they must be a map whose shorter side is 4 to 7, doubled some times, "
            f"as 28×28, 32×32, 48×32 or 64×64; resize the images"
        )
    return count


def smallest_map(image: ImageShape, address: str) -> tuple[int, int]:
    """Height and width of the smallest map. Raises like `doublings`."""
    count = doublings(image, address)
    return image[1] >> count, image[2] >> count


def channels(stage: int, base: int, most: int) -> int:
    """Feature maps of a stage: the smallest map is stage 1, each doubling one more; ProGAN's
    (arXiv:1710.10196) table 2.
    """
    return max(1, min(base >> stage, most))
