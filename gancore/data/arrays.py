"""Arrays, tensors and torch datasets as sources."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from gancore.data.decode import to_raw
from gancore.data.options import ImageOptions
from gancore.data.source import Array, Raw, Source, Unreadable
from gancore.errors import DataError

DEPTHS = "uint8, uint16 or float"
SCANNED = 2**24


class ArraySource(Source):
    """Images in one array: (N, H, W), (N, C, H, W) or (N, H, W, C); not copied, also if it is a memory-mapped
    file.

    Raises:
        DataError: another shape or type, an ambiguous order of axes, or floats that are not finite or out of
        range.
    """

    def __init__(
        self, array: npt.NDArray[Any], title: str, options: ImageOptions, layout: str | None = None
    ) -> None:
        _check_type(array, title)
        self.title, self.given_shape = title, array.shape
        self.channels_last = (
            array.ndim == 4 and (layout or find_layout(array.shape, options.layout, title)) == "NHWC"
        )
        self.array = array[:, None] if array.ndim == 3 else array
        self.names = [str(index) for index in range(len(array))]
        self.low = find_low(self.array, options.values, title) if array.dtype.kind == "f" else 0.0
        self.notes = (value_note(self.low),) if array.dtype.kind == "f" else ()
        channels, height, width = self.shape
        self.alpha = channels in (2, 4) and options.channels in (1, 3)
        bits = options.bits in (None, 8 * array.dtype.itemsize) or array.dtype.kind == "f"
        self.ready = (
            options.size in (None, (height, width))
            and options.channels in (None, channels)
            and bits
            and array.dtype.isnative
        )

    def refuse_single(self) -> None:
        """Raises DataError if the array has three axes and looks like a single image."""
        shape = self.given_shape
        channels = _channels_of_single(shape) if len(shape) == 3 else 0
        if channels:
            raise DataError(
                f"{self.title} has shape {shape}, which could be one image of {channels} channels or "
                f"{shape[0]} gray images; give image[None] for the one, images[:, None] for the others"
            )

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        _, a, b, c = self.array.shape
        return (c, a, b) if self.channels_last else (a, b, c)

    def read(self, index: int) -> Raw:
        """One image, in the native byte order."""
        image = self.array[index] if self.channels_last else self.array[index].transpose(1, 2, 0)
        return Raw(image.astype(image.dtype.newbyteorder("="), copy=False), self.alpha, self.low)

    def digest(self) -> str:
        """A hash of type, shape and all values."""
        return content_hash(self.array, self.channels_last)


def content_hash(array: npt.NDArray[Any], *facts: object) -> str:
    """A hash of shape, type, all values, and the facts needed to interpret them."""
    total = hashlib.sha256(f"{array.shape} {array.dtype.str} {facts}".encode())
    step = _rows_at_a_time(array)
    for start in range(0, len(array), step):
        total.update(np.ascontiguousarray(array[start : start + step]).data)
    return total.hexdigest()


def _rows_at_a_time(array: npt.NDArray[Any]) -> int:
    return max(1, SCANNED // max(1, array[:1].nbytes))


def _check_type(array: npt.NDArray[Any], title: str) -> None:
    if array.ndim not in (3, 4) or 0 in array.shape:
        raise DataError(
            f"{title} has shape {array.shape}; expected images (N, H, W), (N, C, H, W) or (N, H, W, C), "
            "none of them empty"
        )
    floats = array.dtype.kind == "f" and array.dtype.itemsize <= 8  # PyTorch has no longer ones
    if not floats and array.dtype not in (np.uint8, np.uint16, np.dtype(">u2")):
        raise DataError(f"{title} is {array.dtype}; expected {DEPTHS}; convert it first")


def _channels_of_single(shape: Sequence[int]) -> int:
    """The number of channels, if an array with three axes looks like a single image; else 0."""
    first, middle, last = shape
    if last <= 4 and min(first, middle) > 4:
        return last
    return first if first == 3 and min(middle, last) > 4 else 0


def find_layout(shape: Sequence[int], asked: str, title: str) -> str:
    """The channel axis is the one with 1 to 4 entries, else the much shorter one."""
    if asked != "auto":
        return asked
    first, last = shape[1], shape[3]
    if (first <= 4) != (last <= 4):
        return "NCHW" if first <= 4 else "NHWC"
    if min(first, last) > 4 and 2 * min(first, last) <= max(first, last):
        return "NCHW" if first < last else "NHWC"
    raise DataError(
        f"{title} has shape {tuple(shape)}, whose channels could be axis 1 or axis 3; "
        "give layout='NCHW' or layout='NHWC'"
    )


def find_low(array: npt.NDArray[Any], asked: str, title: str) -> float:
    """The lower end of the range of float images, -1 or 0; all values are checked."""
    low, high = np.inf, -np.inf
    step = _rows_at_a_time(array)
    for start in range(0, len(array), step):
        piece = array[start : start + step]
        # A NaN makes both NaN, which is in no range.
        low, high = float(np.minimum(low, piece.min())), float(np.maximum(high, piece.max()))
    return _range_of(low, high, asked, title)


def _range_of(low: float, high: float, asked: str, title: str) -> float:
    floor = {"auto": -1.0, "signed": -1.0, "unit": 0.0}[asked]
    if not (floor <= low and high <= 1.0):
        expected = "[0, 1]" if asked == "unit" else "[-1, 1]" if asked == "signed" else "[0, 1] or [-1, 1]"
        raise DataError(
            f"{title} holds float values from {low:g} to {high:g}; expected finite values in {expected}; "
            "rescale them first"
        )
    return 0.0 if asked == "unit" or (asked == "auto" and low >= 0) else -1.0


def value_note(low: float) -> str:
    """How float values were interpreted, for the description."""
    return f"float values taken as [{low:g}, 1]"


class DatasetSource(Source):
    """A map-style torch dataset of images or (image, label) pairs, each item read once; images are tensors,
    arrays or Pillow images.
    """

    def __init__(self, dataset: Any, title: str, options: ImageOptions) -> None:
        try:
            count = len(dataset)
        except TypeError as error:
            raise DataError(
                f"{title} has no length; expected a dataset with __len__ and __getitem__; "
                "gather its images first"
            ) from error
        if count == 0:
            raise DataError(f"{title} is empty; expected at least one image")
        self.dataset, self.title, self.options = dataset, title, options
        self.names = [str(index) for index in range(count)]
        self.item_labels: dict[int, Any] = {}
        self.low: float | None = {"auto": None, "unit": 0.0, "signed": -1.0}[options.values]

    def read(self, index: int) -> Raw:
        """One item; its label is stored."""
        try:
            item: Any = self.dataset[index]
        except Exception as error:
            raise Unreadable(f"the dataset failed with {type(error).__name__}: {error}") from error
        label: Any = None
        if isinstance(item, dict):
            item, label = item.get("image"), item.get("label")
        elif isinstance(item, (tuple, list)):
            item, label = item[0], item[1] if len(item) > 1 else None
        raw = self.as_raw(item, index)
        if label is not None:
            self.item_labels[index] = np.asarray(label)
        return raw

    def as_raw(self, item: Any, index: int) -> Raw:
        """One item as pixels with the axes in order."""
        if isinstance(item, Image.Image):
            return to_raw(item)
        if not isinstance(item, (torch.Tensor, np.ndarray)):
            raise DataError(
                f"item {index} of {self.title} is a {type(item).__name__}; "
                "expected a tensor, an array or a Pillow image"
            )
        title = f"item {index} of {self.title}"
        array = as_array(item)[None]
        _check_type(array, title)
        default = (
            "NCHW"
            if isinstance(item, torch.Tensor) and self.options.layout == "auto"
            else self.options.layout
        )
        last = array.ndim == 4 and find_layout(array.shape, default, title) == "NHWC"
        pixels: Array = (
            array[0] if last else array[0].transpose(1, 2, 0) if array.ndim == 4 else array[0][..., None]
        )
        alpha = pixels.shape[2] in (2, 4) and self.options.channels in (1, 3)
        return Raw(pixels, alpha, self.low if pixels.dtype.kind == "f" else 0.0)

    def labels(self, kept: Sequence[int]) -> list[Any] | None:
        """The labels of the items in `kept`; None if they have none."""
        if not any(index in self.item_labels for index in kept):
            return None
        missing = [str(index) for index in kept if index not in self.item_labels]
        if missing:
            raise DataError(
                f"{self.title}: items {', '.join(missing[:3])} have no label and others have; "
                "expected a label for all or for none"
            )
        return [self.item_labels[index] for index in kept]

    def digest(self) -> None:
        """None: a hash would require reading every item."""
        return


def as_array(images: Any) -> npt.NDArray[Any]:
    """A tensor or array-like object, on the CPU."""
    if isinstance(images, torch.Tensor):
        images = images.detach().cpu()
        return np.asarray((images.float() if images.dtype == torch.bfloat16 else images).numpy())
    return np.asarray(images)
