"""What the pickles of networks call, and what is done instead."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from gancore.published.machine import EASY_DICT, ORDERED, Name, Record, Unread, attempt, key, kind
from gancore.published.older import read_store
from gancore.published.refusals import Refused, shown
from gancore.published.storages import TYPES, Store, tensor_on

ARRAY = Name("numpy", "ndarray")


class DType:
    """The type of an array's elements."""

    def __init__(self, code: str) -> None:
        self.code, self.order = code, "<"

    def set(self, state: Any) -> None:
        """Sets the byte order."""
        if type(state) is tuple and len(state) > 1 and type(state[1]) is str:
            self.order = state[1]

    def numpy(self) -> np.dtype[Any]:
        """The type in NumPy. Raises CheckpointError if it is not one of numbers."""
        if (
            self.code not in {"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"}
            or self.order not in "<>=|"
        ):
            raise Refused(f"an array of type {shown(self.order + self.code, 20)} instead of numbers")
        return np.dtype(self.order + self.code)


class Array:
    """A NumPy array; its data may follow later in the pickle."""

    def __init__(self, value: np.ndarray[Any, Any] | Unread | None = None) -> None:
        self.value = value

    def set(self, state: Any) -> None:
        """Sets shape, type and data."""
        self.value = attempt(ARRAY, _filled, state[1:] if type(state) is tuple else ())


def _record(meta: Any) -> Record:
    if (
        type(meta) is not dict
        or meta.get("type") != "class"
        or type(meta.get("class_name")) is not str
        or type(meta.get("state")) is not dict
    ):
        raise Refused("an object without a class name and state")
    return Record(shown(meta["class_name"]), meta["state"])


def _encoded(text: Any, coding: Any) -> bytes:
    if type(text) is not str or coding not in ("latin1", "latin-1"):
        raise Refused("encoded bytes that are not latin1")
    return text.encode("latin1")


def _ordered(pairs: Any = ()) -> "OrderedDict[Any, Any]":
    return OrderedDict((key(name), value) for name, value in pairs)


def _set(values: Any = ()) -> set[Any]:
    if type(values) is not list and values != ():
        raise Refused("a set not made from a list")
    return set(map(key, values))


def _dtype(code: Any, *_: Any) -> DType:
    if type(code) is not str:
        raise Refused("an array type that is not a string")
    return DType(code)


def _scalar(dtype: Any, data: Any) -> int | float | bool:
    if type(dtype) is not DType or type(data) is not bytes:
        raise Refused("a NumPy number without type and bytes")
    value: int | float | bool = np.frombuffer(data, dtype.numpy(), count=1)[0].item()
    return value


def _array(made: Any, *_: Any) -> Array:
    if made != ARRAY:
        raise Refused(f"an array made from {kind(made)}")
    return Array()


def _filled(shape: Any, dtype: Any, fortran: Any, data: Any) -> np.ndarray[Any, Any]:
    whole = type(dtype) is DType and type(data) in (bytes, bytearray) and type(shape) is tuple
    if not whole or any(type(n) is not int or n < 0 for n in shape):
        raise Refused("an array without shape, type or bytes")
    return np.frombuffer(data, dtype.numpy()).reshape(shape, order="F" if fortran else "C").copy()


def _from_buffer(data: Any, dtype: Any, shape: Any, order: Any, axes: Any = None) -> Array:
    """An array of protocol 5; `order` is "C" for row-major, "F" for column-major, "K" for row-major with
    permuted axes.
    """
    made = _filled(shape, dtype, order == "F", data)
    return Array(made if axes is None else made.transpose(axes))


def _store(data: Any) -> Store:
    if type(data) is not bytes:
        raise Refused("a tensor storage that is not bytes")
    return read_store(data)


def _tensor(store: Any, offset: Any, size: Any, stride: Any, *_: Any) -> Any:
    if not isinstance(store, Store):
        raise Refused(f"a tensor on {kind(store)}")
    return tensor_on(store, offset, size, stride)


def _parameter(data: Any, *_: Any) -> Any:
    if not isinstance(data, torch.Tensor):
        raise Refused(f"a parameter that is {kind(data)}")
    return data


CALLS: dict[Name, Callable[..., Any]] = {
    Name("torch_utils.persistence", "_reconstruct_persistent_obj"): _record,
    Name("torch._utils", "_rebuild_tensor_v2"): _tensor,
    Name("torch._utils", "_rebuild_parameter"): _parameter,
    Name("torch._utils", "_rebuild_parameter_with_state"): _parameter,
    Name("torch.storage", "_load_from_bytes"): _store,
    Name("_codecs", "encode"): _encoded,
    Name("numpy", "dtype"): _dtype,
    ORDERED: _ordered,
    **{Name(module, "set"): _set for module in ("builtins", "__builtin__")},
    **{Name(module, "bytes"): lambda: b"" for module in ("builtins", "__builtin__")},
    **{Name(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
    **{Name(f"numpy.{core}.multiarray", "_reconstruct"): _array for core in ("core", "_core")},
    **{Name(f"numpy.{core}.numeric", "_frombuffer"): _from_buffer for core in ("core", "_core")},
}
"""What a pickle may call, and the function that is called instead."""
_DTYPES = ("float16", "bfloat16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool")
NAMES = {EASY_DICT, ARRAY, *(Name("torch", dtype) for dtype in (*_DTYPES, *TYPES))}
"""What a pickle may name but not call."""
