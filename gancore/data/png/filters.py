"""The filters of PNG: what a row is stored as the difference to.

Specification: PNG (third edition, W3C 2025), section 9.
"""

import numpy as np
from numpy.lib.stride_tricks import as_strided

from gancore.data.source import Array, Unreadable


def predictions(left: Array, up: Array, corner: Array) -> tuple[Array, ...]:
    """What each of the five filters expects of a byte, by their numbers: nothing, left, up, average, Paeth.

    All int16, with the byte of the pixel to the left, above, and above to the left.
    """
    to_left, to_up = np.abs(up - corner), np.abs(left - corner)
    to_corner = np.abs(left + up - 2 * corner)
    upper = np.where(to_up <= to_corner, up, corner)
    paeth = np.where((to_left <= to_up) & (to_left <= to_corner), left, upper)
    return np.zeros_like(left), left, up, (left + up) >> 1, paeth


def unfiltered(lines: Array, before: Array, step: int) -> Array:
    """Rows `(R, B)` of bytes, from lines `(R, 1 + B)` that begin with the number of their filter.

    `before` is the row above, `(B,)`, and `step` the bytes of a pixel. Along a diagonal (row r, pixel d − r)
    no byte depends on another, so that all rows are undone at once, diagonal by diagonal.

    Raises:
        Unreadable: there is no such filter.
    """
    kinds, count = lines[:, 0], len(lines)
    if kinds.max() > 4:
        raise Unreadable(f"a row has filter {kinds.max()}, and PNG knows 0 to 4")
    raw = lines[:, 1:].reshape(count, -1, step)
    pixels = raw.shape[1]
    given = np.zeros((pixels + count - 1, count, step), np.int16)
    skewed(given, raw.shape)[:] = raw
    # two diagonals and one row more: what lies outside of the image is 0, and row 0 is the one above
    made = np.zeros((pixels + count + 1, count + 1, step), np.int16)
    made[1 : pixels + 1, 0] = before.reshape(pixels, step)
    for d in range(len(given)):
        expected = predictions(made[d + 1, 1:], made[d + 1, :-1], made[d, :-1])
        made[d + 2, 1:] = (given[d] + np.choose(kinds[:, None], expected)) & 255
    return skewed(made[2:, 1:], raw.shape).astype(np.uint8).reshape(count, -1)


def skewed(diagonals: Array, shape: tuple[int, ...]) -> Array:
    """The view `(R, pixels, step)` of an array by diagonal and row, whose pixel (r, c) is at (r + c, r)."""
    along, down, byte = diagonals.strides
    return as_strided(diagonals, shape, (along + down, along, byte))


def filtered(rows: Array, before: Array, step: int) -> Array:
    """Lines `(R, 1 + B)` of rows `(R, B)`: each with the filter whose differences have the least sum."""
    above = np.concatenate([before[None], rows[:-1]]).astype(np.int16)
    left, corner = (_moved(one.astype(np.int16), step) for one in (rows, above))
    options = [(rows - expected).astype(np.uint8) for expected in predictions(left, above, corner)]
    sums = np.stack([np.abs(one.view(np.int8).astype(np.int16)).sum(1, dtype=np.int64) for one in options])
    best = sums.argmin(0)
    lines = np.empty((len(rows), 1 + rows.shape[1]), np.uint8)
    lines[:, 0] = best
    for kind, option in enumerate(options):
        lines[best == kind, 1:] = option[best == kind]
    return lines


def _moved(rows: Array, step: int) -> Array:
    """Each byte's left neighbor, 0 at the edge."""
    moved = np.zeros_like(rows)
    moved[:, step:] = rows[:, :-step]
    return moved
