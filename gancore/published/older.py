"""PyTorch's older file format: five pickles, and behind them the numbers of the storages."""

import io
import struct
from collections.abc import Callable, Collection, Mapping
from typing import Any

import torch

from gancore.published.machine import Machine, Name
from gancore.published.refusals import Refused
from gancore.published.storages import TYPES, Store, broken, store

__all__ = ["START", "read_older", "read_store", "wanted_storage"]

START = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""The first bytes of such a file: the pickle of a magic number."""
STORAGES = frozenset(Name("torch", name) for name in TYPES)
Wanted = dict[str, tuple[torch.dtype, int]]
"""Type and number of the elements of each storage, by key."""


def read_older(
    data: bytes, calls: Mapping[Name, Callable[..., Any]], names: Collection[Name] = STORAGES
) -> Any:
    """The object that was saved; `calls` and `names` as in `Machine`.

    The object is read twice: the storages lie behind it, and what it says of them tells how long they are.

    Raises:
        CheckpointError: the bytes are something else, or incomplete.
    """
    if not data.startswith(START):
        raise broken("it is not in PyTorch's older format")
    stream = io.BytesIO(data)
    _, _, system = (Machine({}, ()).read(stream, len(data)) for _ in range(3))
    if isinstance(system, dict) and system.get("little_endian") is False:
        raise broken("its numbers are big-endian")
    began, wanted = stream.tell(), Wanted()

    def note(said: Any) -> Any:
        if _is_class(said):
            return said[1]
        key, dtype, count = wanted_storage(said)
        wanted[key] = dtype, count
        return None

    def found(said: Any) -> Any:
        return said[1] if _is_class(said) else stores[wanted_storage(said)[0]]

    Machine(calls, names, note).read(stream, len(data))
    stores = _stores(stream, Machine({}, ()).read(stream, len(data)), wanted)
    stream.seek(began)
    return Machine(calls, names, found).read(stream, len(data))


def read_store(data: bytes) -> Store:
    """The storage that is saved by itself.

    Raises:
        CheckpointError: the bytes are something else.
    """
    try:
        found = read_older(data, {})
    except Refused as error:
        raise broken(error.holds) from None
    if not isinstance(found, Store):
        raise broken(f"it is a {type(found).__name__}")
    return found


def wanted_storage(said: Any) -> tuple[str, torch.dtype, int]:
    """Key, type and number of elements of a storage, from what a pickle says of it: a tuple of the word
    `storage`, type, key, device and number, and in the older format what part of another storage it views.

    Raises:
        CheckpointError: it says something else.
    """
    view = said[5] if isinstance(said, tuple) and len(said) == 6 else None
    if not isinstance(said, tuple) or len(said) not in (5, 6) or said[0] != "storage" or view is not None:
        raise broken("it does not name a storage")
    kind, key, count = said[1], said[2], said[4]
    if not isinstance(kind, Name) or kind.name not in TYPES or type(key) is not str or type(count) is not int:
        raise broken("it has a storage of another type than numbers")
    return key, TYPES[kind.name], count


def _is_class(said: Any) -> bool:
    """Whether it is a class of modules, which this format saves with its source."""
    return isinstance(said, tuple) and len(said) == 4 and said[0] == "module"


def _stores(stream: io.BytesIO, keys: Any, wanted: Wanted) -> dict[str, Store]:
    if not isinstance(keys, list):
        raise broken("its storages are not listed")
    found, numbers = {}, stream.getbuffer()
    for key in keys:
        if type(key) is not str or key not in wanted:
            raise broken("it has a storage that belongs to nothing")
        dtype, count = wanted[key]
        place = stream.tell() + 8
        end = place + count * dtype.itemsize
        if count < 0 or end > len(numbers) or struct.unpack("<q", stream.read(8)) != (count,):
            raise broken("it ends before its storages do")
        found[key] = store(numbers[place:end], dtype)
        stream.seek(end)
    return found
