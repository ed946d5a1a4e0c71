"""Files that `torch.save` or `pickle.dump` wrote, with the numbers in them but nothing that runs."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

from gancore.published.calls import CALLS, NAMES
from gancore.published.machine import Machine
from gancore.published.older import START, read_older, wanted_storage
from gancore.published.refusals import Refused, shown
from gancore.published.storages import Store, broken, store

__all__ = ["read_checkpoint"]


def read_checkpoint(data: bytes) -> Any:
    """The plain data in a file: dicts, lists, numbers, strings, tensors, arrays, and a `Record` for each
    object that was saved with its source code.

    Everything else becomes `Unread`, which keeps the state of the object. The formats are those of PyTorch,
    archives and the older one, and pickles of protocol 2 or later.

    Raises:
        CheckpointError: it is truncated, too large, or has none of these formats.
    """
    if data.startswith(b"PK"):
        return _from_archive(data)
    if data.startswith(START):
        return read_older(data, CALLS, NAMES)
    return Machine(CALLS, NAMES).read(io.BytesIO(data), len(data))


def _from_archive(data: bytes) -> Any:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            records = {record.filename: record for record in archive.infolist()}
            _check(records, len(data))
            folder, pickled = _pickle(archive, records)
            machine = Machine(CALLS, NAMES, _storages(archive, folder))
            return machine.read(io.BytesIO(pickled), len(data))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError) as error:
        raise Refused(f"not a complete archive ({shown(str(error), 200)})") from None


def _check(records: dict[str, zipfile.ZipInfo], size: int) -> None:
    """PyTorch stores records uncompressed; compressed or overlapping ones could expand to any size."""
    if any(record.compress_type != zipfile.ZIP_STORED for record in records.values()):
        raise Refused("packed records")
    if sum(record.file_size for record in records.values()) > size:
        raise Refused("records larger than the file")


def _pickle(archive: zipfile.ZipFile, records: dict[str, zipfile.ZipInfo]) -> tuple[str, bytes]:
    """The folder in the archive, and the pickle of the object."""
    name = next((name for name in records if name.endswith("data.pkl")), None)
    if name is None:
        raise Refused("an archive without data.pkl, which is not one of PyTorch")
    folder = name.removesuffix("data.pkl")
    if f"{folder}byteorder" in records and archive.read(f"{folder}byteorder") != b"little":
        raise broken("its numbers are big-endian")
    return folder, archive.read(name)


def _storages(archive: zipfile.ZipFile, folder: str) -> Callable[[Any], Store]:
    found: dict[str, Store] = {}

    def stored(said: Any) -> Store:
        key, dtype, count = wanted_storage(said)
        if key not in found:
            found[key] = store(archive.read(f"{folder}data/{key}"), dtype)
        if (size := found[key].data.nbytes()) != count * dtype.itemsize:
            raise broken(f"{count} numbers are said to lie in {size} bytes")
        return Store(found[key].data, dtype)

    return stored
