"""Rounding with a gradient, and the 256 levels of stored images."""

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from gancore.component.part import part
from gancore_esrgan.degradation.canvas import Canvas
from gancore_esrgan.degradation.interfaces import CanvasAugment

__all__ = ["NEXT", "STRAIGHT", "EightBit", "from_levels", "halves_up", "rounded", "to_levels"]

STRAIGHT = "its rounding passes gradients straight through, where finite differences see steps"
"""Why a gradient differs from finite differences."""
NEXT = 1e-3
"""More than the error of a number in single precision."""


def rounded(number: Tensor) -> Tensor:
    """The nearest whole numbers; gradients pass as if nothing had been rounded."""
    if not (number.requires_grad and torch.is_grad_enabled()):
        return number.round()
    return number + (number.round() - number).detach()


def halves_up(number: Tensor) -> Tensor:
    """`rounded` where halves are common: they and what is next to them go up, whatever the precision."""
    return rounded(number + NEXT)


def to_levels(image: Tensor) -> Tensor:
    """[-1, 1] → [0, 255], not rounded; what is beyond is clamped."""
    return (image.clamp(-1, 1) + 1) * 127.5


def from_levels(level: Tensor) -> Tensor:
    """[0, 255] → [-1, 1]."""
    return level / 127.5 - 1


@part("eight-bit")
class EightBit(CanvasAugment):
    """Clamps images to [-1, 1] and rounds them to the 256 levels that a file holds.

    Gradients pass the rounding straight through, and stop where values are clamped.

    `(N, C, H, W)` → the same.
    """

    expected_failures: ClassVar[Mapping[str, str]] = {"is_twice_differentiable": STRAIGHT}

    def on(self, canvas: Canvas) -> Canvas:
        """The images, rounded."""
        return Canvas(from_levels(rounded(to_levels(canvas.image))), canvas.size)
