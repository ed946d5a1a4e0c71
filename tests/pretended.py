"""A device that is not there: its tensors are computed on the CPU, but refuse to meet those of the CPU and to
become arrays, as a GPU's do.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

NAME = "meta"
"""The name of a device that torch is built for everywhere, and that holds no values itself."""
aten = torch.ops.aten
MOVES = (aten.copy_.default, aten._to_copy.default)
INDEXED = (aten.index.Tensor, aten.index_put.default, aten.index_put_.default)
"""Operators that take indices of the CPU on every device."""


class Elsewhere(Tensor):
    """A tensor of the device, around one of the CPU."""

    inner: Tensor

    @staticmethod
    def __new__(cls, inner: Tensor) -> "Elsewhere":
        made = Tensor._make_wrapper_subclass(
            cls,
            inner.shape,
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=torch.device(NAME),
        )
        made.inner = inner.detach()
        return made

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return computed(func, args, kwargs or {})


class Device(TorchDispatchMode):
    """Takes what is made or sent there to the device."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return computed(func, args, kwargs or {})


def computed(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """What an operator gives, on the device where that is. Raises RuntimeError for tensors of both devices,
    but for numbers.
    """
    given = [x for x in tree_flatten((args, kwargs))[0] if isinstance(x, Tensor)]
    there = [x for x in given if isinstance(x, Elsewhere)]
    here = [x for x in given if x.dim() and not isinstance(x, Elsewhere)]
    if here and there and func not in MOVES and not (func in INDEXED and args[0] in there[:1]):
        raise RuntimeError(f"{func}: tensors of two devices")
    target = kwargs.get("device")
    plain = {name: "cpu" if name == "device" and target is not None else x for name, x in kwargs.items()}
    made = func(*tree_map(inside, args), **tree_map(inside, plain))
    if func._schema.name.endswith("_") and isinstance(args[0], Tensor):  # changed in place
        return args[0]
    away = bool(there) if target is None else torch.device(target).type == NAME
    return tree_map(outside, made) if away else made


def inside(x: Any) -> Any:
    """A tensor of the device as one of the CPU."""
    return x.inner if isinstance(x, Elsewhere) else x


def outside(x: Any) -> Any:
    """A tensor of the CPU as one of the device."""
    return Elsewhere(x) if isinstance(x, Tensor) and not isinstance(x, Elsewhere) else x


@contextmanager
def pretended_device(patch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of the device, which gancore takes for one that is there, and torch for one with autocast."""
    autocast = torch.autocast

    def known(kind: str, *args: Any, **options: Any) -> Any:
        return nullcontext() if kind == NAME else autocast(kind, *args, **options)

    patch.setattr(torch, "autocast", known)
    patch.setattr("gancore.runs.settings._check_device", lambda name: None)
    with Device():
        yield NAME
