"""The gradient that passes a quantizer as if it were not there."""

from typing import Any

import torch
from torch import Tensor


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, code: Tensor, quantized: Tensor) -> Tensor:
        return quantized.view_as(quantized)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return gradients[0], None


def straight_through(code: Tensor, quantized: Tensor) -> Tensor:
    """`quantized`, whose gradient goes to `code` alone: code + sg[quantized - code] without its rounding.

    Paper: Bengio et al. 2013, arXiv:1308.3432; as in van den Oord et al. 2017, arXiv:1711.00937, section 3.2.
    """
    made: Tensor = _StraightThrough.apply(code, quantized.detach())  # type: ignore[no-untyped-call]
    return made
