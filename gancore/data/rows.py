"""Pictures from above to below: large ones and deep ones are never held whole."""

from typing import BinaryIO, Protocol

from gancore.data.decode import MAX_PIXELS, TURNED, color_profile, decode
from gancore.data.files import MAX_MEMBER
from gancore.data.png.header import SIGNATURE, Header, read_header
from gancore.data.png.reading import Decoder
from gancore.data.source import Array, Raw, Unreadable

MOST_PIXELS = 2**30
"""Pixels of a PNG that is read row by row. Other files have the limits of `decode`."""
MOST_ACROSS = 2**18
"""Pixels of a row of it."""


class Rows(Protocol):
    """A picture that is read once, from above to below; pixels are uint8 or uint16.

    Attributes:
        channels: with alpha, which is the last one.
        profile: the ICC profile of its colors; empty for none.
    """

    height: int
    width: int
    channels: int
    alpha: bool
    bits: int
    profile: bytes

    def take(self, count: int) -> Array:
        """The next rows `(count, W, C)`. Raises Unreadable where the file is damaged."""
        ...


class WholeRows:
    """The rows of a picture that is there."""

    def __init__(self, raw: Raw, profile: bytes = b"") -> None:
        self.raw, self.alpha, self.profile, self.done = raw, raw.alpha, profile, 0
        self.height, self.width, self.channels = raw.pixels.shape
        self.bits = 8 * raw.pixels.dtype.itemsize

    def take(self, count: int) -> Array:
        """The next rows."""
        self.done += count
        return self.raw.pixels[self.done - count : self.done]


class PngRows:
    """The rows of a PNG, decoded as they are asked for."""

    def __init__(self, file: BinaryIO, header: Header) -> None:
        self.height, self.width = header.height, header.width
        self.channels, self.alpha, self.profile = header.channels, header.alpha, header.profile
        self.bits = 16 if header.bits == 16 else 8
        self.decoder = Decoder(file, header)

    def take(self, count: int) -> Array:
        """The next rows."""
        return self.decoder.take(count)


def open_rows(file: BinaryIO) -> Rows:
    """The picture of an open file, upright. A PNG of 16 bits or of more than 89 million pixels is read row by
    row; everything else as `decode` does.

    Raises:
        Unreadable: as `decode`; a PNG of more than 1,073,741,824 pixels or 262,144 columns, or of more than
            89 million pixels that is interlaced or to be turned.
    """
    header = _png_header(file)
    if header is not None and (header.bits == 16 or header.width * header.height > MAX_PIXELS):
        return _png(file, header)
    file.seek(0)
    data = file.read(MAX_MEMBER + 1)
    if len(data) > MAX_MEMBER:
        raise Unreadable(f"the file has more than {MAX_MEMBER} bytes, which only a large PNG may have")
    return WholeRows(decode(data), color_profile(data))


def whole(rows: Rows) -> Raw:
    """All pixels. Raises Unreadable for more than 89 million."""
    if rows.width * rows.height > MAX_PIXELS:
        raise Unreadable(f"{rows.width}×{rows.height} is too large to be held whole")
    return Raw(rows.take(rows.height), rows.alpha)


def _png_header(file: BinaryIO) -> Header | None:
    """None where it is no PNG, or one that Pillow is asked about; the file is then at its beginning."""
    start = file.read(len(SIGNATURE))
    file.seek(0)
    if start != SIGNATURE:
        return None
    try:
        return read_header(file)
    except Unreadable:
        file.seek(0)
        return None


def _png(file: BinaryIO, header: Header) -> Rows:
    count = header.width * header.height
    if count > MOST_PIXELS:
        raise Unreadable(
            f"{header.width}×{header.height} is {count} pixels, above the limit of {MOST_PIXELS}; "
            "make it smaller"
        )
    if header.width > MOST_ACROSS:
        raise Unreadable(f"its rows have {header.width} pixels, above the limit of {MOST_ACROSS}; cut it")
    turn = TURNED.get(header.orientation)
    if turn is None and not header.interlaced:
        return PngRows(file, header)
    if count > MAX_PIXELS:
        why = "interlaced" if header.interlaced else f"to be turned (EXIF orientation {header.orientation})"
        raise Unreadable(f"it has {count} pixels and is {why}; save it upright and without interlacing")
    decoder = Decoder(file, header)
    pixels = decoder.interlaced() if header.interlaced else decoder.take(header.height)
    return WholeRows(Raw(pixels if turn is None else turn(pixels), header.alpha), header.profile)
