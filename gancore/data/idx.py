"""IDX, the format of MNIST and Fashion-MNIST, plain or gzipped."""

import gzip
import math
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gancore.data.unpacked import bloated
from gancore.errors import DataError

TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MAX_BYTES = 16 * 2**30
NAME = re.compile(r"(ubyte|[-.]idx\d?)$")
PREFIXES = {"train": ("train",), "test": ("t10k", "test")}


def is_idx(path: Path) -> bool:
    """Whether the file name is that of an IDX file."""
    return NAME.search(path.name.lower().removesuffix(".gz")) is not None


def read_idx(path: Path) -> npt.NDArray[Any]:
    """The array in an IDX file.

    Raises:
        DataError: not IDX, truncated, longer than its header says, larger than 16 GiB, or packed as no images
        can be.
    """
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
            dtype, shape = _read_header(file, path)
            size = math.prod(shape) * dtype.itemsize
            if size > MAX_BYTES:
                raise DataError(
                    f"{path} says it holds {size} bytes; expected at most {MAX_BYTES}; give a smaller file"
                )
            if why := bloated(size, path.stat().st_size):
                raise DataError(f"{path}: {why}; expected a file of images; get it again")
            content = read_at_most(file, size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read ({error}); give a whole IDX file, plain or .gz") from error
    if len(content) != size:
        held = "more" if len(content) > size else len(content)
        raise DataError(f"{path} holds {held} bytes, its header says {size}; get it again")
    return np.frombuffer(content, dtype=dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _read_header(file: Any, path: Path) -> tuple[np.dtype[Any], tuple[int, ...]]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in TYPES or not 1 <= magic[3] <= 4:
        raise DataError(
            f"{path} begins with {magic.hex() or 'nothing'}; "
            "expected an IDX file (0000, a type, 1 to 4 dimensions), plain or .gz"
        )
    sizes = file.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        raise DataError(f"{path} ends inside its header; get it again")
    return np.dtype(TYPES[magic[2]]), struct.unpack(f">{magic[3]}I", sizes)


def read_at_most(file: Any, size: int) -> bytearray:
    """Reads in chunks, so that a header with a wrong size does not cost memory."""
    content = bytearray()
    while len(content) < size and (piece := file.read(min(2**24, size - len(content)))):
        content += piece
    return content


def find_idx(folder: Path, subset: str | None) -> Path | None:
    """The images file of the requested subset, by default train; None if the folder contains no IDX
    images.
    """
    found = sorted(
        path for path in folder.iterdir() if path.is_file() and is_idx(path) and "images" in path.name.lower()
    )
    if not found:
        return None
    wanted = [path for path in found if path.name.lower().startswith(PREFIXES[subset or "train"])]
    if len(found) == 1 and subset is None:
        wanted = found
    by_name = {path.name.removesuffix(".gz"): path for path in reversed(wanted)}
    if len(by_name) != 1:
        names = ", ".join(path.name for path in found)
        raise DataError(
            f"folder {folder} holds {names}; expected one {subset or 'train'} images file; "
            "give the file, or subset='train' or 'test'"
        )
    return next(iter(by_name.values()))


def labels_beside(images: Path) -> Path | None:
    """train-images-idx3-ubyte.gz → train-labels-idx1-ubyte.gz, if it exists, gzipped or not."""
    name = images.name.removesuffix(".gz").replace("images", "labels").replace("idx3", "idx1")
    for candidate in (images.with_name(name), images.with_name(name + ".gz")):
        if candidate != images and candidate.is_file():
            return candidate
    return None
