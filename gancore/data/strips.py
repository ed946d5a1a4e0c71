"""Works on an image a strip of rows at a time, so that what is made in between takes little memory."""

from collections.abc import Callable

import numpy as np

from gancore.data.source import Array

PIXELS = 2**16
"""About how many pixels a strip has."""


def by_strips(rows: Callable[[int, int], Array], height: int, width: int) -> Array:
    """The image whose rows from `start` to `end` are `rows(start, end)` (rows, W, C)."""
    step = max(1, PIXELS // max(1, width))
    first = rows(0, min(step, height))
    if step >= height:
        return first
    whole = np.empty((height, *first.shape[1:]), first.dtype)
    whole[:step] = first
    for start in range(step, height, step):
        whole[start : start + step] = rows(start, min(start + step, height))
    return whole
