"""The precision of results, whatever precision the layers before them used."""

import torch
from torch import Tensor

__all__ = ["at_least_float32"]


def at_least_float32(value: Tensor) -> Tensor:
    """Casts half precision, such as autocast's, to float32; leaves float64, so gradients can be checked."""
    return value if value.dtype == torch.float64 else value.float()
