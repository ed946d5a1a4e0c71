"""Straight-through steps of single values."""

import torch
from torch import Tensor


def straight_through(value: Tensor, quantized: Tensor) -> Tensor:
    """`quantized`, with the gradient of `value`."""
    return value + (quantized - value).detach()


def rounded(value: Tensor) -> Tensor:
    """The nearest whole numbers, with the gradient of the value."""
    return straight_through(value, torch.round(value))
