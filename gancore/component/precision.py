"""The precision of results, whatever precision the layers before them used."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar

import torch
from torch import Tensor, nn

__all__ = [
    "at_least_float32",
    "autocast_dtype",
    "cast_weight",
    "computes_bfloat16",
    "in_bfloat16",
    "in_precision",
    "without_autocast",
]

_CAST: ContextVar[dict[int, tuple[nn.Parameter, Tensor]] | None] = ContextVar("_CAST", default=None)
"""Weights by their id, with what they were cast to."""


def at_least_float32(value: Tensor) -> Tensor:
    """Casts half precision, such as autocast's, to float32; leaves float64, so gradients can be checked."""
    return value if value.dtype == torch.float64 else value.float()


def computes_bfloat16(device: torch.device) -> bool | None:
    """Whether the device has instructions for bfloat16; None where torch does not tell.

    An x86 processor has AVX512-BF16 or AMX for it; without them torch converts each operand to float32, which
    takes longer than float32 alone.
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu" or not hasattr(torch.cpu, "get_capabilities"):  # which older versions lack
        return None
    found = torch.cpu.get_capabilities()
    return bool(found["avx512_bf16"] or found["amx_tile"]) if found["architecture"] == "x86_64" else None


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


@contextmanager
def in_bfloat16(device: torch.device) -> Iterator[None]:
    """Autocast to bfloat16. Where no gradients are recorded, weights are cast once for all that runs inside,
    and must not change meanwhile.
    """
    token = _CAST.set({})
    try:
        with torch.autocast(device.type, torch.bfloat16):
            yield
    finally:
        _CAST.reset(token)


def in_precision(name: str, device: torch.device) -> AbstractContextManager[object]:
    """Computes in a precision: `float32`, which changes nothing, or `bf16` as `in_bfloat16`."""
    return in_bfloat16(device) if name == "bf16" else nullcontext()


def cast_weight(weight: Tensor, dtype: torch.dtype) -> Tensor:
    """The weight of a layer in the dtype of autocast; inside `in_bfloat16` that which was cast before."""
    if torch.compiler.is_compiling() or torch.is_grad_enabled() or not isinstance(weight, nn.Parameter):
        return weight.to(dtype)
    if (known := _CAST.get()) is None:
        return weight.to(dtype)
    if id(weight) not in known:
        known[id(weight)] = weight, weight.to(dtype)  # the weight too, so that its id stays its own
    return known[id(weight)][1]
