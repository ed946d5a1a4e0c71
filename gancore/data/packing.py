"""Decodes every image once into one array, in the cache if possible, else in memory."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from gancore.data import cache
from gancore.data.fitting import fit_image
from gancore.data.options import ImageOptions
from gancore.data.settling import settled
from gancore.data.source import Array, Source, Unreadable
from gancore.errors import DataError
from gancore.storage.files import with_need

Progress = Callable[[int, int], None]
REPORT_EVERY = 64
TOLD = 10
"""Images whose reasons an error tells; of others it gives the names."""


@attrs.define(frozen=True)
class Packed:
    """Pixels (N, C, H, W), the indices of these images in the source, the skipped images with the reasons,
    the options that they were read with, and what was chosen for these because images differ.
    """

    pixels: Array
    kept: npt.NDArray[np.int64]
    skipped: tuple[tuple[str, str], ...]
    options: ImageOptions
    cached: Path | None = None
    sha256: str | None = None
    notes: tuple[str, ...] = ()


class Pack:
    """An array that grows by one image at a time: on disk while possible, otherwise in memory."""

    def __init__(self, root: Path | None, key: str | None, count: int) -> None:
        self.count, self.length = count, 0
        self.shape: tuple[int, ...] = ()
        self.dtype: np.dtype[Any] = np.dtype(np.uint8)
        self.memory: npt.NDArray[Any] | None = None
        self.writer: cache.Writer | None = None
        self.entry = root / key if root and key else None
        self.note = ""
        if root and key:
            try:
                self.writer = cache.Writer(root, key)
            except OSError:
                self.entry = None

    def append(self, image: Array) -> None:
        """Appends an image (C, H, W)."""
        if self.length == 0:
            self.shape, self.dtype = image.shape, image.dtype
        if self.writer is not None:
            try:
                self.writer.append(image)
                self.length += 1
                return
            except OSError as error:
                self.to_memory(error)
        if self.memory is None:
            self.memory = self.reserve()
        self.memory[self.length] = image
        self.length += 1

    def reserve(self) -> npt.NDArray[Any]:
        """Allocates memory for all images."""
        try:
            return np.empty((self.count, *self.shape), dtype=self.dtype)
        except MemoryError as error:
            raise DataError(
                f"the decoded images need {self.needed / 2**30:.1f} GiB, more than memory; "
                "give a cache folder with that much room, or a smaller size"
            ) from error

    @property
    def needed(self) -> int:
        """The bytes of all images."""
        return self.count * int(np.prod(self.shape)) * self.dtype.itemsize

    def to_memory(self, error: OSError) -> None:
        """Moves the data on disk to memory, because the disk is full."""
        assert self.writer is not None
        reason = with_need(error, self.writer.folder, self.needed)
        self.note = f"held in memory, since the cache was not written: {reason.strerror or reason}"
        self.memory = self.reserve()
        size = int(np.prod(self.shape)) * self.dtype.itemsize
        with self.writer.path.open("rb") as file:
            content = file.read(self.length * size)
        self.memory[: self.length] = np.frombuffer(content, dtype=self.dtype).reshape(-1, *self.shape)
        self.drop()

    def drop(self) -> None:
        """Abandons the entry."""
        if self.writer is not None:
            self.writer.abandon()
        self.writer, self.entry = None, None

    def finish(self, skipped: list[tuple[int, str]]) -> Array:
        """All images (N, C, H, W), from the committed entry if there is one."""
        if self.writer is not None:
            record = {"shape": [self.length, *self.shape], "dtype": self.dtype.name, "skipped": skipped}
            try:
                self.writer.commit(record)
            except OSError as error:
                self.to_memory(error)
            else:
                return self.committed(self.writer)
        assert self.memory is not None
        return self.memory[: self.length]

    def committed(self, writer: cache.Writer) -> Array:
        """The entry just written, read back."""
        found = cache.load(writer.root, writer.key)
        if found is None:
            raise DataError(
                f"{writer.root / writer.key} was changed while it was written; try again, or use cache='off'"
            )
        return found[0]


def pack(source: Source, options: ImageOptions, on_progress: Progress | None = None) -> Packed:
    """All images of the source according to the options, from the cache if present.

    Raises:
        DataError: there are unreadable images and these are refused, no image is readable, or images differ
        in shape or depth.
    """
    root, digest = options.cache_folder(), None
    if root is not None:
        digest = source.digest()
    key = cache.entry_key(digest, options.pixel_key()) if digest else None
    if root and key and (found := cache.load(root, key)):
        known = [(int(index), str(reason)) for index, reason in found[1]["skipped"]]
        return _packed(source, found[0], known, options, root / key, str(found[1]["sha256"]))
    chosen, notes = settled(source, options)
    if notes:
        packed = pack(source, chosen, on_progress)
        return attrs.evolve(packed, notes=(*notes, *packed.notes))
    store = Pack(root, key, len(source))
    try:
        skipped = _read_all(source, options, store, on_progress)
        pixels = store.finish(skipped)
    except BaseException:
        store.drop()
        raise
    packed = _packed(source, pixels, skipped, options, store.entry)
    return attrs.evolve(packed, notes=(store.note,)) if store.note else packed


def _packed(
    source: Source,
    pixels: Array,
    skipped: list[tuple[int, str]],
    options: ImageOptions,
    entry: Path | None,
    sha256: str | None = None,
) -> Packed:
    left_out = {index for index, _ in skipped}
    kept = np.array([index for index in range(len(source)) if index not in left_out], dtype=np.int64)
    left = tuple((source.names[index], reason) for index, reason in skipped)
    return Packed(pixels, kept, left, options, entry, sha256)


def _read_all(
    source: Source, options: ImageOptions, store: Pack, on_progress: Progress | None
) -> list[tuple[int, str]]:
    skipped: list[tuple[int, str]] = []
    first = ""
    for index, name in enumerate(source.names):
        try:
            image = fit_image(source.read(index), options, name)
        except Unreadable as error:
            skipped.append((index, str(error)))
        else:
            first = first or name
            _check_same(store, image, name, first)
            store.append(image)
        if on_progress is not None and (index % REPORT_EVERY == REPORT_EVERY - 1 or index == len(source) - 1):
            on_progress(index + 1, len(source))
    refuse_unreadable(source, skipped, options)
    return skipped


def refuse_unreadable(source: Source, skipped: list[tuple[int, str]], options: ImageOptions) -> None:
    """Raises DataError if images that cannot be read are refused, or none can be read."""
    if not skipped or (options.unreadable == "skip" and len(skipped) < len(source)):
        return
    told = "; ".join(f"{source.names[index]}: {reason}" for index, reason in skipped[:TOLD])
    if others := [source.names[index] for index, _ in skipped[TOLD:]]:
        told += f"; also {', '.join(others)}"
    advice = (
        "mend or remove them"
        if len(skipped) == len(source)
        else "mend or remove them, or go on without them by unreadable='skip', which lists them in the run"
    )
    raise DataError(
        f"{source.title}: {len(skipped)} of {len(source)} images cannot be read ({told}); {advice}"
    )


def _check_same(store: Pack, image: Array, name: str, first: str) -> None:
    if store.length == 0 or (image.shape == store.shape and image.dtype == store.dtype):
        return
    given = (
        f"{name} is {_describe(image.shape, image.dtype)}, {first} is {_describe(store.shape, store.dtype)}"
    )
    differ, give = [], []
    if image.shape[1:] != store.shape[1:]:
        sizes = zip(image.shape[1:], store.shape[1:], strict=True)
        differ, give = ["size"], [f"--size {'x'.join(str(min(pair)) for pair in sizes)}"]
    if image.shape[0] != store.shape[0]:
        differ, give = [*differ, "channels"], [*give, f"--channels {max(image.shape[0], store.shape[0])}"]
    if image.dtype != store.dtype:
        differ, give = [*differ, "depth"], [*give, "--bits 8"]
    raise DataError(f"images differ in {' and '.join(differ)}: {given}; give {' '.join(give)}")


def _describe(shape: tuple[int, ...], dtype: np.dtype[Any]) -> str:
    depth = f"{8 * dtype.itemsize} bit" + (" float" if dtype.kind == "f" else "")
    return "×".join(str(size) for size in shape) + f" ({depth})"
