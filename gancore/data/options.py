"""How images are read and processed: one class, the only place for each default."""

import os
from pathlib import Path
from typing import Any

import attrs
from attrs.validators import optional

from gancore.component.differing import differing_text
from gancore.component.validators import Validator, one_of, whole, within
from gancore.errors import DataError

Size = tuple[int, int]
FITS = ("crop", "pad", "stretch")
"""How a picture is brought to a size, the same way each time."""
HALVES = ("left", "right")
FACTORS = {"smaller-2": 2, "smaller-3": 3, "smaller-4": 4}
SOURCE_FROM = (*HALVES, "gray", "edges", *FACTORS)
"""What the source of a pair may be, where pairs come from one source: a half of the image, or made of it."""


def as_size(value: Any) -> Size | None:
    """An int (square), "64", "48x64" (height x width) or a pair (height, width)."""
    if value is None:
        return None
    parts = (
        value.lower().split("x") if isinstance(value, str) else [value] if isinstance(value, int) else value
    )
    try:
        numbers = [int(part) for part in parts]
    except (TypeError, ValueError):
        numbers = []
    if len(numbers) == 1:
        numbers *= 2
    if len(numbers) != 2 or min(numbers) < 1 or isinstance(value, bool):
        raise DataError(
            f"size is {value!r}; expected one positive number (square) or height and width; "
            "give for example 64 or 48x64"
        )
    return numbers[0], numbers[1]


def _checked(validator: Validator) -> Validator:
    def check(options: Any, attribute: Any, value: Any) -> None:
        try:
            validator(options, attribute, value)
        except ValueError as error:
            raise DataError(str(error)) from None

    return check


def _help(text: str) -> dict[str, str]:
    return {"help": text}


@attrs.define(frozen=True, kw_only=True, repr=False)
class ImageOptions:
    """How images are read, resized and labeled. The help of a field is in its metadata under "help".

    Raises:
        DataError: a value is not allowed for its field.
    """

    size: Size | None = attrs.field(
        default=None,
        metadata=_help("height and width of every image: 64 or 48x64; default: as they are"),
        converter=as_size,
    )
    channels: int | None = attrs.field(
        default=None,
        metadata=_help("1 gray, 2 gray and alpha, 3 RGB, 4 RGBA; default: as they are"),
        validator=_checked(optional(whole(1))),
    )
    fit: str = attrs.field(
        default="crop",
        metadata=_help("crop the center, pad, or stretch to the size; random: another crop each time"),
        validator=_checked(one_of(*FITS, "random")),
    )
    jitter: float | None = attrs.field(
        default=None,
        metadata=_help(
            "enlarge images by this factor in training and show another piece of the old size each time, "
            "e.g. 1.117 for 286 to 256; default: none"
        ),
        validator=_checked(optional(within(1, 4))),
    )
    alpha: str = attrs.field(
        default="white",
        metadata=_help("background of transparent images: white or black; keep: keep alpha"),
        validator=_checked(one_of("white", "black", "keep")),
    )
    bits: int | None = attrs.field(
        default=None,
        metadata=_help("convert whole numbers to 8 or 16 bits; default: as they are"),
        validator=_checked(optional(one_of(8, 16))),
    )
    mirror: bool = attrs.field(
        default=False,
        metadata=_help("show half of the images mirrored left to right"),
        validator=_checked(one_of(False, True)),
    )
    labels: str = attrs.field(
        default="auto", metadata=_help("auto, folders, none, or a .json, .npy or IDX file of labels")
    )
    subset: str | None = attrs.field(
        default=None,
        metadata=_help("train or test files of an IDX folder; default: train"),
        validator=_checked(optional(one_of("train", "test"))),
    )
    layout: str = attrs.field(
        default="auto",
        metadata=_help("order of the axes of an array: auto, NCHW or NHWC"),
        validator=_checked(one_of("auto", "NCHW", "NHWC")),
    )
    values: str = attrs.field(
        default="auto",
        metadata=_help("range of float images: auto, unit for 0 to 1, or signed for -1 to 1"),
        validator=_checked(one_of("auto", "unit", "signed")),
    )
    unreadable: str = attrs.field(
        default="refuse",
        metadata=_help("refuse or skip images that cannot be read"),
        validator=_checked(one_of("refuse", "skip")),
    )
    cache: str | Path | None = attrs.field(
        default=None,
        metadata=_help("folder for decoded images, or off; default: $GANCORE_CACHE or ~/.cache/gancore"),
    )

    __repr__ = differing_text

    @property
    def keeps_alpha(self) -> bool:
        """Whether alpha is kept as a channel."""
        return self.alpha == "keep" or self.channels in (2, 4)

    def cache_folder(self) -> Path | None:
        """Where decoded images are cached; None for nowhere."""
        if self.cache is None:
            return Path(os.environ.get("GANCORE_CACHE") or Path.home() / ".cache" / "gancore")
        return None if str(self.cache) == "off" else Path(self.cache)

    def pixel_key(self) -> dict[str, Any]:
        """The options that determine the pixels, for a cache key and a fingerprint."""
        return {
            name: getattr(self, name)
            for name in ("size", "channels", "fit", "alpha", "bits", "layout", "values", "unreadable")
        }
