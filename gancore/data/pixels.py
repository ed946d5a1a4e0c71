"""Rows of the packed array → float32 in [-1, 1]."""

import hashlib
from functools import cached_property
from typing import Any, ClassVar, Protocol

import attrs
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gancore.data.source import Array

Indices = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]


class AnyPixels(Protocol):
    """Images of one shape, whole ones or pieces of them at places that an order gives."""

    @property
    def placed(self) -> bool:
        """Whether pieces of images are shown."""

    @property
    def image(self) -> tuple[int, int, int]:
        """(C, H, W)."""

    @property
    def depth(self) -> str:
        """The bits per value, as text."""

    @property
    def identity(self) -> str:
        """A hash of all images, and of how they are shown."""

    def __len__(self) -> int: ...

    def gather(self, indices: Indices, mirrored: Marks, places: Indices | None = None) -> Tensor:
        """Images (N, C, H, W) float32 in [-1, 1], those marked mirrored left to right; pieces at places (N,
        2), or as evaluations see them where none are given.
        """


@attrs.define(frozen=True, eq=False, slots=False)
class Pixels:
    """Images in one array (N, C, H, W) or (N, H, W, C), uint8, uint16 or float; `low` is the minimum of the
    range of float images, -1 or 0; `sha256` the hash of all values as (N, C, H, W), if it is known.
    """

    placed: ClassVar[bool] = False
    array: Array
    channels_last: bool = False
    low: float = 0.0
    sha256: str | None = None

    def __len__(self) -> int:
        return len(self.array)

    @property
    def image(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        _, a, b, c = self.array.shape
        return (c, a, b) if self.channels_last else (a, b, c)

    @property
    def depth(self) -> str:
        """The bits per value, as text."""
        return f"{8 * self.array.dtype.itemsize} bit" + (" float" if self.array.dtype.kind == "f" else "")

    @cached_property
    def identity(self) -> str:
        """Type, range and hash of the images: equal for equal images, however they are stored."""
        digest = self.sha256 or hash_of(self.array, self.channels_last)
        return f"{self.array.dtype.name} {self.low:g} {len(self)} {digest}"

    def gather(self, indices: Indices, mirrored: Marks, places: Indices | None = None) -> Tensor:
        """Images (N, C, H, W) float32 in [-1, 1], whole; those marked are mirrored left to right."""
        rows = _take(self.array, indices)
        if mirrored.any():
            width = 2 if self.channels_last else 3
            rows[mirrored] = np.flip(rows[mirrored], width)
        image = torch.from_numpy(rows)
        image = image.permute(0, 3, 1, 2) if self.channels_last else image
        return self.scale(image.to(torch.float32, memory_format=torch.contiguous_format))

    def scale(self, image: Tensor) -> Tensor:
        """Maps values of the array to [-1, 1], in place."""
        if self.array.dtype.kind == "u":
            # Divided, not multiplied by the inverse, so that the ends are exactly -1 and 1.
            return image.div_(float(np.iinfo(self.array.dtype).max) / 2).sub_(1)
        return image.mul_(2).sub_(1) if self.low == 0 else image


SCANNED = 2**24
"""Bytes hashed at a time."""


def hash_of(array: Array, channels_last: bool = False) -> str:
    """SHA-256 of all values as (N, C, H, W), in the machine's order of bytes."""
    total, step = hashlib.sha256(), max(1, SCANNED // max(1, array[:1].nbytes))
    for start in range(0, len(array), step):
        some = array[start : start + step]
        some = some.transpose(0, 3, 1, 2) if channels_last else some
        total.update(np.ascontiguousarray(some, dtype=array.dtype.newbyteorder("=")).data)
    return total.hexdigest()


def _take(array: Array, indices: Indices) -> npt.NDArray[Any]:
    # np.take copies the whole of an array that is not contiguous.
    plain = np.asarray(array)
    return np.take(plain, indices, axis=0) if plain.flags.c_contiguous else plain[indices]
