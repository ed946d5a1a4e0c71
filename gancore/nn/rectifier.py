"""Rectifiers whose slopes are constants to a second derivative.

The slope of a rectifier is constant but at zero, so its own derivative is zero. torch makes maps of these
zeros, and a gradient penalty takes them back through the whole network; here there is nothing to take.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["LeakyReLU", "ReLU", "leaky_relu", "relu"]


def relu(x: Tensor, inplace: bool = False) -> Tensor:
    """`functional.relu`, of any shape."""
    return leaky_relu(x, 0.0, inplace)


def leaky_relu(x: Tensor, slope: float, inplace: bool = False) -> Tensor:
    """`functional.leaky_relu`, of any shape; `slope` is at least 0, as the sign of the output tells that of
    the input.
    """
    if torch.compiler.is_compiling() or not torch.is_grad_enabled() or not x.requires_grad:
        return _rectified(x, slope, inplace)
    y: Tensor = _Rectified.apply(x, slope, inplace)  # type: ignore[no-untyped-call]
    return y


class ReLU(nn.ReLU):
    """`nn.ReLU` by `relu`."""

    def forward(self, input: Tensor) -> Tensor:
        """Any shape → the same."""
        return relu(input, self.inplace)


class LeakyReLU(nn.LeakyReLU):
    """`nn.LeakyReLU` by `leaky_relu`."""

    def forward(self, input: Tensor) -> Tensor:
        """Any shape → the same."""
        return leaky_relu(input, self.negative_slope, self.inplace)


def _rectified(x: Tensor, slope: float, inplace: bool) -> Tensor:
    return functional.leaky_relu(x, slope, inplace) if slope else functional.relu(x, inplace)


class _Rectified(torch.autograd.Function):
    """x → max(x, slope · x)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, slope: float, inplace: bool) -> Tensor:
        y = _rectified(x, slope, inplace)
        if inplace:
            ctx.mark_dirty(x)
        ctx.slope = slope
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (y,) = ctx.saved_tensors
        # detached, as no derivative goes through the slope
        return _sloped(gradients[0], y.detach(), ctx.slope), None, None


class _Sloped(torch.autograd.Function):
    """(gradient, y) → gradient · slope at y, where y is constant."""

    @staticmethod
    def forward(ctx: Any, gradient: Tensor, y: Tensor, slope: float) -> Tensor:
        ctx.slope = slope
        ctx.save_for_backward(y)
        aten = torch.ops.aten
        made: Tensor = (
            aten.leaky_relu_backward(gradient, y, slope, True)
            if slope
            else aten.threshold_backward(gradient, y, 0)
        )
        return made

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (y,) = ctx.saved_tensors
        return _sloped(gradients[0], y, ctx.slope), None, None


def _sloped(gradient: Tensor, y: Tensor, slope: float) -> Tensor:
    made: Tensor = _Sloped.apply(gradient, y, slope)  # type: ignore[no-untyped-call]
    return made
