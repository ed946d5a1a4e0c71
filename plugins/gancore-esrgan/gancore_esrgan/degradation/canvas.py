"""Images of different sizes in one batch: each in the upper left corner of a canvas of one size.

A random resize gives each image of a batch a size of its own. On canvases the steps that follow stay batched:
what lies outside of an image is never read into it.
"""

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Canvas", "extended", "inside", "mirrored", "picked", "whole"]


class Canvas(NamedTuple):
    """Images, and how large each is."""

    image: Tensor
    """`(N, C, H, W)`, in [-1, 1]; of row i the upper left `size[i]` is its image, the rest means nothing."""
    size: Tensor
    """Height and width, `(N, 2)` int64."""


def whole(image: Tensor) -> Canvas:
    """Images `(N, C, H, W)` that fill their canvas."""
    size = torch.tensor(image.shape[2:], device=image.device)
    return Canvas(image, size.expand(len(image), 2))


def inside(canvas: Canvas) -> Tensor:
    """Which pixels belong to the images, bool `(N, 1, H, W)`."""
    tall, wide = (
        torch.arange(pixels, device=canvas.size.device) < canvas.size[:, axis, None]
        for axis, pixels in enumerate(canvas.image.shape[2:])
    )
    return (tall[:, :, None] & wide[:, None, :])[:, None]


def picked(which: Tensor, one: Canvas, other: Canvas) -> Canvas:
    """Of canvases with images of the same sizes, those of `one` where `which` `(N,)` is true."""
    return Canvas(torch.where(which[:, None, None, None], one.image, other.image), one.size)


def mirrored(canvas: Canvas, margin: int) -> Tensor:
    """The images with a margin in which each is mirrored at its own border, as often as it takes,
    `(N, C, H + 2 margin, W + 2 margin)`. The pixels at the border are not repeated.
    """

    def reflect(place: Tensor, size: Tensor) -> Tensor:
        period = (2 * (size - 1)).clamp_min(1)
        place = place.remainder(period)
        return torch.minimum(place, period - place)

    tall, wide = (
        reflect(_places(canvas, pixels + 2 * margin) - margin, canvas.size[:, axis, None])
        for axis, pixels in enumerate(canvas.image.shape[2:])
    )
    return _gathered(canvas.image, tall, wide)


def extended(canvas: Canvas, height: int, width: int) -> Tensor:
    """The images, the border of each repeated to the end of a larger canvas, `(N, C, height, width)`."""
    tall, wide = (
        torch.minimum(_places(canvas, pixels), canvas.size[:, axis, None] - 1)
        for axis, pixels in enumerate((height, width))
    )
    return _gathered(canvas.image, tall, wide)


def _places(canvas: Canvas, pixels: int) -> Tensor:
    return torch.arange(pixels, device=canvas.image.device).expand(len(canvas.image), -1)


def _gathered(image: Tensor, tall: Tensor, wide: Tensor) -> Tensor:
    """The pixels in the rows `tall` `(N, h)` and columns `wide` `(N, w)` of each image."""
    n, c, _, w = image.shape
    place = (tall[:, :, None] * w + wide[:, None, :]).reshape(n, 1, -1)
    return image.flatten(2).gather(2, place.expand(-1, c, -1)).reshape(n, c, tall.shape[1], wide.shape[1])
