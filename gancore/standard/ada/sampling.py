"""Bilinear interpolation that can be differentiated any number of times in the image.

torch has no second derivative of `grid_sample`. The map is linear in the image, however: its derivative is
the adjoint, which scatters values to the four nearest samples, and the derivative of that is the map itself.
Positions get no gradient.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

__all__ = ["sampled"]

_BILINEAR, _ZEROS = 0, 0


class Sampled(torch.autograd.Function):
    """An image sampled at positions; its derivative is `Spread`."""

    @staticmethod
    def forward(image: Tensor, place: Tensor) -> Tensor:
        return grid_sample(image, place, align_corners=True)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        image, place = inputs
        ctx.save_for_backward(place)
        ctx.size = image.shape[2:]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (place,), (gradient,) = ctx.saved_tensors, gradients
        spread: Tensor = Spread.apply(gradient, place, ctx.size)  # type: ignore[no-untyped-call]
        return spread, None


class Spread(torch.autograd.Function):
    """The adjoint of `Sampled`."""

    @staticmethod
    def forward(values: Tensor, place: Tensor, size: tuple[int, int]) -> Tensor:
        # only the shape of the image is used: no gradient of the positions is requested
        image = values.new_zeros(()).expand(*values.shape[:2], *size)
        spread: Tensor = torch.ops.aten.grid_sampler_2d_backward(
            values, image, place, _BILINEAR, _ZEROS, True, [True, False]
        )[0]
        return spread

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor, tuple[int, int]], output: Tensor) -> None:
        ctx.save_for_backward(inputs[1])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (place,), (gradient,) = ctx.saved_tensors, gradients
        return sampled(gradient, place), None, None


def sampled(image: Tensor, place: Tensor) -> Tensor:
    """Images `(N, C, H, W)` at positions `(N, h, w, 2)`, x before y, from -1, the center of the first pixel,
    to 1, that of the last.
    """
    values: Tensor = Sampled.apply(image, place)  # type: ignore[no-untyped-call]
    return values
