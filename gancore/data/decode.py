"""Decodes the bytes of an untrusted image file."""

import io
import re
import warnings
from collections.abc import Callable
from typing import BinaryIO, TypeVar

import numpy as np
from PIL import Image, UnidentifiedImageError

from gancore.data.source import Array, Raw, Unreadable
from gancore.data.strips import by_strips

T = TypeVar("T")
DOWNLOADED = re.compile(r"(\.\w+?)([_:-](large|orig|medium|small)|\?.*|\s+)?")
"""A suffix, and what browsers put behind it: `.jpg_large`, `.png:orig`, `.webp?width=400`."""
FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
SUFFIXES = frozenset(
    {
        ".png",
        ".apng",
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".jfi",
        ".jif",
        ".pjpeg",
        ".pjp",
        ".mpo",
        ".jps",
        ".webp",
        ".bmp",
        ".dib",
    }
)
OTHER_PICTURES = frozenset(
    {
        ".gif",
        ".tif",
        ".tiff",
        ".heic",
        ".heif",
        ".avif",
        ".jp2",
        ".psd",
        ".svg",
        ".tga",
        ".ppm",
        ".pgm",
        ".pbm",
        ".pnm",
        ".pcx",
        ".exr",
        ".hdr",
        ".j2k",
        ".dng",
        ".cr2",
        ".cr3",
        ".nef",
        ".arw",
        ".orf",
        ".rw2",
        ".ico",
        ".jxl",
    }
)
# Pillow's own limit can be disabled by other code in the process; this one cannot.
MAX_PIXELS = 89_478_485
MAX_PIXELS_OF = {"WEBP": 50_000_000}
"""Pillow decodes WebP by way of several copies; within these limits no image takes a gigabyte."""
MAX_SIDE = 1_000_000
"""Pillow keeps a pointer for each row: 8 bytes, even where a row is a single pixel."""
ORIENTATION = 0x0112
TURNED: dict[int, Callable[[Array], Array]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: pixels[::-1].swapaxes(0, 1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: pixels[:, ::-1].swapaxes(0, 1),
}
"""What to do with pixels (H, W, C), by the value of the orientation; views, which take no memory."""
SIDEWAYS = (5, 6, 7, 8)
"""Values of the orientation that exchange height and width."""
SAYS_ORIENTATION = (b"eXIf", b"Raw profile type exif", b"XML:com.adobe.xmp")
"""Where a PNG may say it, also behind its pixels."""
READABLE = "PNG, JPEG, WEBP and BMP are read"


def picture_suffix(name: str) -> str:
    """The suffix of a file name in lower case, without what browsers put behind it."""
    _, dot, last = name.rpartition("/")[2].partition("?")[0].rpartition(".")
    found = DOWNLOADED.fullmatch(f"{dot}{last}".lower())
    return found[1] if found else ""


def decode(data: bytes) -> Raw:
    """Pixels of a PNG, JPEG, WEBP or BMP file, rotated by its EXIF orientation; the first frame of an
    animation.

    16-bit gray stays 16-bit; Pillow reduces 16-bit color to 8 bits.

    Raises:
        Unreadable: another format, damaged, truncated, more than 89 million pixels (WEBP: 50 million), or a
            side of more than a million.
    """
    return _opened(data, _upright)


def measure(data: bytes) -> tuple[int, int, bool, bool]:
    """Height, width, whether there is color and whether there is alpha, as `decode` would find them, from the
    header alone. Raises Unreadable as `decode`, except for damage behind the header.
    """

    def look(image: Image.Image) -> tuple[int, int, bool, bool]:
        # for its orientation, Pillow reads a PNG to the end
        said = image.format != "PNG" or any(mark in data for mark in SAYS_ORIENTATION)
        return _measured(image, _orientation(image) if said else 1)

    return _opened(data, look)


def color_profile(data: bytes) -> bytes:
    """The ICC profile of a file that `decode` reads; empty where it has none."""
    return _opened(data, lambda image: bytes(image.info.get("icc_profile") or b""))


def frames(file: BinaryIO) -> int:
    """How many images an open PNG or WebP holds, by its header; 1 where it does not say."""
    file.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(file, formats=("PNG", "WEBP")) as image:
                return int(getattr(image, "n_frames", 1))
    except Exception:  # as in `_opened`; what is damaged has been said
        return 1


def _opened(data: bytes, look: Callable[[Image.Image], T]) -> T:
    if not data:
        raise Unreadable("the file is empty")
    try:
        # The size is checked right after the header is read, before any pixel is.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                _check_size(image)
                return look(image)
    except Unreadable:
        raise
    except UnidentifiedImageError:
        raise Unreadable(f"not a picture of a known format ({READABLE})") from None
    # Damaged files make Pillow throw SyntaxError, struct.error, zlib.error, ValueError and more, besides
    # OSError.
    except Exception as error:
        raise Unreadable(f"it is damaged ({str(error) or type(error).__name__})") from error


def _check_size(image: Image.Image) -> None:
    (width, height), most = image.size, MAX_PIXELS_OF.get(str(image.format), MAX_PIXELS)
    if width * height > most:
        raise Unreadable(
            f"{width}×{height} is {width * height} pixels, above the limit of {most}; make it smaller"
        )
    if said := too_long(height, width):
        raise Unreadable(said)


def too_long(height: int, width: int) -> str:
    """Why an image of these sides is given to Pillow neither as a file nor to be resized; empty if it is."""
    if max(width, height) <= MAX_SIDE:
        return ""
    return (
        f"{width}×{height} has a side of {max(width, height)} pixels, above the limit of {MAX_SIDE}; "
        "cut it into shorter images"
    )


def _measured(image: Image.Image, orientation: int) -> tuple[int, int, bool, bool]:
    width, height = image.size
    if orientation in SIDEWAYS:
        width, height = height, width
    if image.mode.startswith("I"):
        return height, width, False, False
    return height, width, not _is_gray(image), _is_transparent(image)


def _orientation(image: Image.Image) -> int:
    return int(image.getexif().get(ORIENTATION, 1))


def _upright(image: Image.Image) -> Raw:
    image.load()
    raw = to_raw(image)
    turn = TURNED.get(_orientation(image))
    return raw if turn is None else Raw(turn(raw.pixels), raw.alpha)


def to_raw(image: Image.Image) -> Raw:
    """Gray, gray and alpha, RGB or RGBA pixels, whatever the mode of the file."""
    if image.mode.startswith("I"):
        return Raw(_sixteen_bits(image)[..., None])
    transparent, gray = _is_transparent(image), _is_gray(image)
    wanted = ("LA" if transparent else "L") if gray else ("RGBA" if transparent else "RGB")

    def rows(start: int, end: int) -> Array:
        part = image.crop((0, start, image.width, end))
        pixels = np.asarray(part if part.mode == wanted else part.convert(wanted))
        return pixels[..., None] if pixels.ndim == 2 else pixels

    return Raw(by_strips(rows, image.height, image.width), alpha=transparent)


def _is_transparent(image: Image.Image) -> bool:
    return "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBA", "RGBa")


def _is_gray(image: Image.Image) -> bool:
    return image.mode in ("1", "L", "LA", "La")


def _sixteen_bits(image: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.uint16]]:
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise Unreadable(f"values from {values.min()} to {values.max()}; 16 bits hold 0 to 65535")
    return values.astype(np.uint16)
