"""The precision of results, whatever precision the layers before them used."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

__all__ = ["at_least_float32", "autocast_dtype", "without_autocast"]


def at_least_float32(value: Tensor) -> Tensor:
    """Casts half precision, such as autocast's, to float32; leaves float64, so gradients can be checked."""
    return value if value.dtype == torch.float64 else value.float()


def autocast_dtype(x: Tensor) -> torch.dtype | None:
    """The dtype in which autocast convolves on the device of `x`; None where it is off."""
    kind = x.device.type
    if kind == "meta" or not torch.is_autocast_enabled(kind):
        return None
    return torch.get_autocast_dtype(kind)


def without_autocast(x: Tensor) -> AbstractContextManager[object]:
    """Computes in the dtype of `x`, which the other operands share."""
    return (
        nullcontext()
        if autocast_dtype(x) in (None, x.dtype)
        else torch.autocast(x.device.type, enabled=False)
    )
