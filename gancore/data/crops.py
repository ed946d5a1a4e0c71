"""Images of several sizes, of which crops are shown: at random places in training, the center otherwise."""

import hashlib
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import ClassVar, NamedTuple

import attrs
import numpy as np
import torch
from torch import Tensor

from gancore.data.fitting import fit_image, resize
from gancore.data.options import ImageOptions, Size
from gancore.data.pixels import Indices, Marks
from gancore.data.places import corner, middle
from gancore.data.settling import settled
from gancore.data.source import Array, Source, Unreadable
from gancore.errors import DataError


@attrs.define(frozen=True, eq=False, slots=False)
class CropPixels:
    """Images (C, H, W) of whole numbers, each at least as large as `size` (height, width)."""

    placed: ClassVar[bool] = True
    images: Sequence[Array]
    size: Size
    step: int = 1
    """Of what number of pixels places are multiples."""

    def __len__(self) -> int:
        return len(self.images)

    @property
    def image(self) -> tuple[int, int, int]:
        """(C, H, W) of a crop."""
        return (len(self.images[0]), *self.size)

    @property
    def depth(self) -> str:
        """The bits per value, as text."""
        return f"{8 * self.images[0].dtype.itemsize} bit"

    @cached_property
    def identity(self) -> str:
        """A hash of all images and of the size of a crop."""
        total = hashlib.sha256(f"crops {self.size}".encode())
        for image in self.images:
            total.update(f"{image.dtype.name} {image.shape}".encode() + np.ascontiguousarray(image).tobytes())
        return total.hexdigest()

    def gather(self, indices: Indices, mirrored: Marks, places: Indices | None = None) -> Tensor:
        """Crops (N, C, H, W) float32 in [-1, 1], at places (N, 2) or at the center; those marked are mirrored
        left to right.
        """
        where = middle(len(indices)) if places is None else places
        crops = [self._crop(index, place) for index, place in zip(indices, where, strict=True)]
        rows = np.stack(crops) if crops else np.empty((0, *self.image), self.images[0].dtype)
        rows[mirrored] = np.flip(rows[mirrored], 3)
        most = float(np.iinfo(rows.dtype).max)
        return torch.from_numpy(rows.astype(np.float32)).div_(most / 2).sub_(1)

    def _crop(self, index: int, place: Indices) -> Array:
        image = self.images[index]
        top, left = corner(place, image.shape[1:], self.size, self.step)
        return image[:, top : top + self.size[0], left : left + self.size[1]]


class Crops(NamedTuple):
    """What was read: the images, their indices in the source, the skipped ones with the reason, the options
    with the size that was chosen, and that in words.
    """

    pixels: CropPixels
    kept: Indices
    skipped: list[tuple[int, str]]
    options: ImageOptions
    notes: tuple[str, ...]


def read_crops(
    source: Source, options: ImageOptions, on_progress: Callable[[int, int], None] | None = None
) -> Crops:
    """All images in memory, in their own sizes; those smaller than a crop are enlarged until they cover one.

    Raises:
        DataError: no image can be read, or they differ in channels or depth.
    """
    options, notes = settled(source, options)
    images: list[Array] = []
    kept: list[int] = []
    skipped: list[tuple[int, str]] = []
    for index, name in enumerate(source.names):
        try:
            image = fit_image(source.read(index), attrs.evolve(options, size=None), name)
        except Unreadable as error:
            skipped.append((index, str(error)))
            continue
        images.append(_covering(image, options.size))
        kept.append(index)
        if on_progress is not None:
            on_progress(index + 1, len(source))
    _check(images, source)
    size = options.size or (images[0].shape[1], images[0].shape[2])
    pixels = CropPixels(images, size)
    return Crops(pixels, np.array(kept, dtype=np.int64), skipped, attrs.evolve(options, size=size), notes)


def _covering(image: Array, size: Size | None) -> Array:
    height, width = image.shape[1:]
    factor = 1.0 if size is None else max(size[0] / height, size[1] / width, 1.0)
    if factor == 1.0:
        return image
    assert size is not None
    larger = max(size[0], round(height * factor)), max(size[1], round(width * factor))
    return np.ascontiguousarray(resize(image.transpose(1, 2, 0), larger, False).transpose(2, 0, 1))


def _check(images: Sequence[Array], source: Source) -> None:
    if not images:
        raise DataError(f"none of the {len(source)} images of {source.title} can be read")
    if images[0].dtype.kind != "u":
        raise DataError(f"{source.title} holds floats; random crops are made of whole numbers, as of files")
    kinds = {(len(image), image.dtype.name) for image in images}
    if len(kinds) > 1:
        channels = max(count for count, _ in kinds)
        raise DataError(
            f"images of {source.title} differ in channels or depth; give --channels {channels} --bits 8"
        )
