"""The window around a place of a map that is larger than those that a network was trained on."""

from gancore.component.interfaces import Shape

__all__ = ["window_at"]


def window_at(row: int, column: int, whole: Shape, window: Shape) -> tuple[slice, slice, int]:
    """The rows and columns of a window of h × w places, with the place in its middle, (h // 2, w // 2), or as
    near to it as the border of the map allows; and how many places of the window come before it in raster
    order.

    As in the released code of Esser et al. 2020 (VQGAN), arXiv:2012.09841.
    """
    (top, height), (left, width) = (
        (min(max(place - own // 2, 0), size - own), own)
        for place, size, own in zip((row, column), whole, window, strict=True)
    )
    return slice(top, top + height), slice(left, left + width), (row - top) * width + column - left
