"""Resizing each image to a size of its own, by areas, linearly or cubically.

Along one axis a resize is a matrix for each image; two products resize a batch, whatever the sizes.
"""

import math
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from gancore.component.validators import is_number
from gancore_esrgan.degradation.canvas import Canvas
from gancore_esrgan.degradation.draws import Span, between, chosen

__all__ = ["FILTERS", "Filter", "around_one", "drawn_factors", "resized"]

Filter = Literal["area", "bilinear", "bicubic"]
FILTERS: tuple[Filter, ...] = get_args(Filter)
CUBIC = -0.75
"""The parameter a of the cubic of Keys 1981 that torch's and OpenCV's resize have."""


def around_one(_: Any, attribute: Any, value: Any) -> None:
    """The smallest and the largest factor, the one from just above 0 to 1, the other at least 1."""
    fits = isinstance(value, tuple) and len(value) == 2 and all(map(is_number, value))
    if not fits or not 0 < value[0] <= 1 <= value[1] < math.inf:
        raise ValueError(
            f"{attribute.name} must be the smallest and the largest factor, at most 1 and at least 1; "
            f"got {value!r}"
        )


def drawn_factors(number: Tensor, weights: tuple[float, float, float], ends: Span) -> Tensor:
    """By uniform numbers `(N, 2)`, factors on the size `(N,)`: enlarged by up to `ends[1]`, reduced to no
    less than `ends[0]`, or kept, with probabilities in this order.
    """
    which = chosen(number[:, 0], weights)
    up, down = between(number[:, 1], (1.0, ends[1])), between(number[:, 1], (ends[0], 1.0))
    return torch.where(which == 0, up, torch.where(which == 1, down, 1.0))


def resized(canvas: Canvas, size: Tensor, by: Tensor, largest: tuple[int, int]) -> Canvas:
    """The images in sizes `(N, 2)`, on canvases of the size `largest`; `by` `(N,)` are indices of `FILTERS`.

    Pixels are areas, as with align_corners=False; nothing but areas keeps a reduced image from aliasing. The
    results are those of `torch.nn.functional.interpolate` with the same sizes.
    """
    tall, wide = (
        _matrix(canvas.size[:, axis], size[:, axis], by, canvas.image.shape[2 + axis], largest[axis])
        for axis in range(2)
    )
    image = canvas.image
    return Canvas(tall.to(image.dtype)[:, None] @ image @ wide.to(image.dtype).transpose(1, 2)[:, None], size)


def _matrix(old: Tensor, new: Tensor, by: Tensor, inputs: int, outputs: int) -> Tensor:
    """`(N, outputs, inputs)`, from sizes `old` to `new`, float64."""
    row = torch.arange(outputs, device=old.device)
    column = torch.arange(inputs, device=old.device)
    old, new, by = old[:, None], new[:, None], by[:, None, None]
    first, end = row * old // new, -(-(row + 1) * old // new)  # (N, outputs)
    area = (column >= first[..., None]) & (column < end[..., None])
    area = area.double() / (end - first)[..., None]
    return torch.where(by == 0, area, _interpolation(row, old, new, by, inputs))


def _interpolation(row: Tensor, old: Tensor, new: Tensor, by: Tensor, inputs: int) -> Tensor:
    """Linear and cubic interpolation; beyond the border its pixels are repeated."""
    center = (row + 0.5) * old.double() / new - 0.5  # (N, outputs)
    tap = center.floor()[..., None] + torch.arange(-1, 3, device=row.device)  # (N, outputs, 4)
    distance = (center[..., None] - tap).abs()
    weight = torch.where(by == 1, (1 - distance).clamp_min(0), _cubic(distance))
    place = torch.minimum(tap.long().clamp_min(0), old[..., None] - 1)
    matrix = weight.new_zeros(*center.shape, inputs)
    return matrix.scatter_add_(2, place, weight)


def _cubic(distance: Tensor) -> Tensor:
    """The cubic of Keys 1981 at distances of up to 2."""
    d = distance
    near = ((CUBIC + 2) * d - (CUBIC + 3)) * d * d + 1
    far = ((CUBIC * d - 5 * CUBIC) * d + 8 * CUBIC) * d - 4 * CUBIC
    return torch.where(d <= 1, near, far)
