"""Tensor storages as PyTorch writes them inside a pickle, and tensors on them; sizes are checked before
memory is allocated.
"""

import io
import pickletools
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gancore_stylegan.published.refusals import Refused, shown

START = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""The first bytes of a file in PyTorch's older format."""
MAGIC = 0x1950A86A20F9469CFC6C
"""The magic number of PyTorch's older format, in which storages are pickled."""
PICKLES = 5
"""Magic number, protocol version, system info, storages and their keys: five pickles that precede the raw
data.
"""
MADE_WITH = {
    "collections OrderedDict",
    "argparse Namespace",
    "torch._utils _rebuild_tensor_v2",
    "torch._utils _rebuild_parameter",
    "torch._utils _rebuild_parameter_with_state",
    "torch.storage UntypedStorage",
    "torch.storage TypedStorage",
    "torch._C _LegacyStorage",
    "collections defaultdict",
    "__builtin__ dict",
    "builtins dict",
    "__builtin__ set",
    "builtins set",
}
"""What checkpoints of dense tensors name, beside the types that `torch` itself holds."""
LARGEST_CONSTANT = 4096
"""Numbers up to this are harmless whatever the size of the file."""


class Store(NamedTuple):
    """A storage, and the type of its elements."""

    data: torch.UntypedStorage
    dtype: torch.dtype


def load_plain(data: bytes) -> Any:
    """Loads what `torch.save` wrote, tensors and plain values only. Raises whatever torch raises on anything
    else.
    """
    return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)


def read_store(data: bytes) -> Store:
    """The storage that `torch.save` wrote in its older format.

    Raises:
        CheckpointError: the bytes are something else, or declare more elements than they hold.
    """
    check_sizes(data)
    try:
        found = load_plain(data)
    except Exception as error:  # torch may raise anything on altered bytes
        raise _broken(shown(str(error).split("\n")[0], 200)) from None
    if not isinstance(found, torch.storage.TypedStorage):
        raise _broken(f"it is a {type(found).__name__}")
    return Store(found._untyped_storage, found.dtype)


def tensor_on(store: Store, offset: Any, size: Any, stride: Any) -> Tensor:
    """A tensor that views the storage.

    Raises:
        CheckpointError: it would reach past the end of the storage, or have more elements than it.
    """
    if type(size) is not tuple or type(stride) is not tuple or len(size) != len(stride) or len(size) > 8:
        raise _broken(f"a tensor has size {str(size)[:60]} and stride {str(stride)[:60]}")
    if any(type(n) is not int or n < 0 for n in (offset, *size, *stride)):
        raise _broken(
            f"a tensor has size {str(size)[:60]}, stride {str(stride)[:60]} and offset {str(offset)[:20]}"
        )
    count, reach, held = 1, offset, store.data.nbytes() // store.dtype.itemsize
    for n, step in zip(size, stride, strict=True):
        count, reach = count * n, reach + max(n - 1, 0) * step
    if max(size, default=0) > held or count > held or (count and reach >= held):
        raise _broken(f"a tensor of size {str(size)[:60]} has a storage of {held} numbers")
    return torch.empty(0, dtype=store.dtype).set_(store.data, offset, size, stride)


def check_sizes(data: bytes) -> None:
    """Scans the pickles without executing them: the format must be the older one, and no integer may exceed
    the number of bytes.
    """
    stream, first = io.BytesIO(data), True
    try:
        for _ in range(PICKLES):
            for _, arg, _ in pickletools.genops(stream):
                if first and type(arg) is int and arg == MAGIC:
                    first = False
                elif type(arg) is int and abs(arg) > max(len(data), LARGEST_CONSTANT):
                    raise _broken(
                        f"it declares {arg if arg.bit_length() < 64 else 'a vast count of'} numbers in "
                        f"{len(data)} bytes"
                    )
            if first:
                raise _broken("it is not in PyTorch's older format")
    except ValueError as error:
        raise _broken(shown(str(error), 200)) from None


def check_names(data: bytes) -> None:
    """Scans the pickles in a checkpoint without executing them: of what torch would call, only what dense
    tensors and dicts of them are made with is taken. `bytearray`, for one, makes gigabytes of a number.
    """
    stream = io.BytesIO(data)
    try:
        for _ in range(PICKLES):
            for opcode, arg, _ in pickletools.genops(stream):
                if opcode.name in ("BYTEARRAY8", "STACK_GLOBAL") or (
                    opcode.name in ("GLOBAL", "INST") and not _takes(str(arg))
                ):
                    raise _broken(f"it names {shown(str(arg), 100)}, which no network of weights needs")
            if stream.tell() >= len(data):
                return
    except ValueError as error:
        raise _broken(shown(str(error), 200)) from None


def _takes(name: str) -> bool:
    return name in MADE_WITH or (name.startswith("torch ") and name.count(" ") == 1)


def _broken(why: str) -> Refused:
    return Refused(f"a tensor that cannot be read ({why})", advice="download the file again")
