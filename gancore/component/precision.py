"""The precision that results have, whatever the layers before them computed in."""

import torch
from torch import Tensor

__all__ = ["at_least_float32"]


def at_least_float32(value: Tensor) -> Tensor:
    """Half precision, as autocast leaves it, as float32; float64 stays, so that gradients can be checked."""
    return value if value.dtype == torch.float64 else value.float()
