"""By what factor a translator enlarges, and the facts that it follows from."""

from collections.abc import Collection

from gancore.component.interfaces import ImageShape
from gancore.errors import FitError

__all__ = ["scale_between"]


def scale_between(source: ImageShape, image: ImageShape, allowed: Collection[int], name: str) -> int:
    """The factor from the size of the source to that of the image.

    Raises:
        FitError: it is none of those allowed, or not the same for both sides.
    """
    (_, height, width), (_, high, wide) = source, image
    scale = high // height
    if (scale * height, scale * width) != (high, wide) or scale not in allowed:
        factors = ", ".join(map(str, sorted(allowed)))
        raise FitError(
            f"{name} enlarges both sides by one of {factors}, but the source is {height}×{width} and the "
            f"image {high}×{wide}; give sources of the image's size divided by one of these"
        )
    return scale
