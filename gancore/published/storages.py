"""Storages of PyTorch, and tensors on them; sizes are checked before memory is allocated."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from gancore.published.refusals import Refused

TYPES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}
"""The types of the elements, by the names that files give to storages of them."""


class Store(NamedTuple):
    """A storage, and the type of its elements."""

    data: torch.UntypedStorage
    dtype: torch.dtype


def store(data: bytes | memoryview, dtype: torch.dtype) -> Store:
    """A storage that holds a copy of the bytes."""
    made = torch.frombuffer(bytearray(data), dtype=torch.uint8) if len(data) else torch.empty(0)
    return Store(made.untyped_storage(), dtype)


def tensor_on(store: Store, offset: Any, size: Any, stride: Any) -> Tensor:
    """A tensor that views the storage.

    Raises:
        CheckpointError: it would reach past the end of the storage, or have more elements than it.
    """
    if type(size) is not tuple or type(stride) is not tuple or len(size) != len(stride) or len(size) > 8:
        raise broken(f"a tensor has size {str(size)[:60]} and stride {str(stride)[:60]}")
    if any(type(n) is not int or n < 0 for n in (offset, *size, *stride)):
        raise broken(
            f"a tensor has size {str(size)[:60]}, stride {str(stride)[:60]} and offset {str(offset)[:20]}"
        )
    count, reach, held = 1, offset, store.data.nbytes() // store.dtype.itemsize
    for n, step in zip(size, stride, strict=True):
        count, reach = count * n, reach + max(n - 1, 0) * step
    if max(size, default=0) > held or count > held or (count and reach >= held):
        raise broken(f"a tensor of size {str(size)[:60]} has a storage of {held} numbers")
    return torch.empty(0, dtype=store.dtype).set_(store.data, offset, size, stride)


def broken(why: str) -> Refused:
    """The error for a tensor that cannot be read."""
    return Refused(f"a tensor that cannot be read ({why})", advice="download the file again")
