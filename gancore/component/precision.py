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
    if not (torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)):
        return None
    return torch.get_autocast_dtype(kind)


def without_autocast(x: Tensor) -> AbstractContextManager[object]:
    """Computes in the dtypes of the operands on the device of `x`."""
    return torch.autocast(x.device.type, enabled=False) if autocast_dtype(x) else nullcontext()
