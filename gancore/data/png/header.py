"""What a PNG says before its pixels."""

import struct
import zlib
from typing import Any, BinaryIO

import attrs
from PIL import Image

from gancore.data.source import Unreadable

SIGNATURE = b"\x89PNG\r\n\x1a\n"
KINDS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
"""Bits that each kind of color may have: gray, RGB, palette, gray and alpha, RGBA."""
STORED = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Values that a pixel has in the file."""
LARGEST_CHUNK = 2**31 - 1
MOST_CHUNKS = 10_000
"""Chunks before the pixels."""
MOST_ASIDE = 8 * 2**20
"""Bytes of a chunk that is kept, and of a color profile."""
KEPT = (b"PLTE", b"tRNS", b"iCCP", b"eXIf")
ORIENTATION = 0x0112


@attrs.frozen(kw_only=True)
class Header:
    """The sides, the kind of pixels, and what the chunks before them say.

    Attributes:
        color: 0 gray, 2 RGB, 3 palette, 4 gray and alpha, 6 RGBA.
        palette: the colors, three bytes each.
        transparent: the alpha of the palette, or the one color that is transparent; empty for none.
        profile: the ICC profile; empty for none.
        orientation: as EXIF says it; 1 for upright.
    """

    width: int
    height: int
    bits: int
    color: int
    interlaced: bool
    palette: bytes = b""
    transparent: bytes = b""
    profile: bytes = b""
    orientation: int = 1

    @property
    def stored(self) -> int:
        """Values that a pixel has in the file."""
        return STORED[self.color]

    @property
    def step(self) -> int:
        """Bytes of a pixel, at least 1: how far a filter looks to the left."""
        return max(1, self.stored * self.bits // 8)

    @property
    def alpha(self) -> bool:
        """Whether pixels have alpha once they are decoded."""
        return self.color in (4, 6) or bool(self.transparent)

    @property
    def channels(self) -> int:
        """Of the decoded pixels."""
        return (1 if self.color in (0, 4) else 3) + self.alpha

    def line(self, width: int) -> int:
        """Bytes of a row of that many pixels."""
        return (width * self.stored * self.bits + 7) // 8


def read_header(file: BinaryIO) -> Header:
    """Reads up to the pixels; the file is then before the first of their chunks.

    Raises:
        Unreadable: not a PNG, or one against the specification.
    """
    if file.read(len(SIGNATURE)) != SIGNATURE:
        raise Unreadable("not a PNG")
    kind, length = chunk_head(file)
    if kind != b"IHDR" or length != 13:
        raise Unreadable("a PNG begins with a header of 13 bytes, and this one does not")
    found = _sides(chunk_body(file, kind, length))
    aside: dict[bytes, bytes] = {}
    for _ in range(MOST_CHUNKS):
        kind, length = chunk_head(file)
        if kind == b"IDAT":
            file.seek(-8, 1)
            return attrs.evolve(found, **_told(found, aside))
        if kind in KEPT and length <= MOST_ASIDE:
            aside[kind] = chunk_body(file, kind, length)
        else:
            file.seek(length + 4, 1)
    raise Unreadable(f"more than {MOST_CHUNKS} chunks before the pixels")


def _sides(body: bytes) -> Header:
    width, height, bits, color, packing, filters, interlaced = struct.unpack(">IIBBBBB", body)
    if bits not in KINDS.get(color, ()) or packing or filters or interlaced > 1 or 0 in (width, height):
        raise Unreadable(
            f"a header that PNG does not know: {width}×{height}, color {color}, {bits} bits, "
            f"compression {packing}, filters {filters}, interlacing {interlaced}"
        )
    return Header(width=width, height=height, bits=bits, color=color, interlaced=bool(interlaced))


def _told(header: Header, aside: dict[bytes, bytes]) -> dict[str, Any]:
    palette, transparent = aside.get(b"PLTE", b""), aside.get(b"tRNS", b"")
    if header.color == 3 and (not palette or len(palette) % 3):
        raise Unreadable("its palette is missing or damaged")
    if header.color in (0, 2) and len(transparent) not in (0, 2 * header.stored):
        raise Unreadable("its transparent color is damaged")
    return {
        "palette": palette,
        "transparent": b"" if header.color in (4, 6) else transparent,
        "profile": _profile(aside.get(b"iCCP", b"")),
        "orientation": _orientation(aside.get(b"eXIf", b"")),
    }


def _profile(body: bytes) -> bytes:
    """The profile of a chunk: a name, NUL, a byte for the compression, and the compressed profile."""
    packed = body.partition(b"\0")[2][1:]
    machine = zlib.decompressobj()
    try:
        profile = machine.decompress(packed, MOST_ASIDE)
    except zlib.error:
        return b""
    return b"" if machine.unconsumed_tail else profile


def _orientation(body: bytes) -> int:
    exif = Image.Exif()
    try:
        exif.load(b"Exif\0\0" + body)
        return int(exif.get(ORIENTATION, 1))
    except Exception:  # damaged EXIF makes Pillow throw SyntaxError, struct.error and more
        return 1


def chunk_head(file: BinaryIO) -> tuple[bytes, int]:
    """Name and length of the next chunk."""
    head = file.read(8)
    if len(head) < 8:
        raise Unreadable("the file ends before its pixels do")
    length, kind = struct.unpack(">I4s", head)
    if length > LARGEST_CHUNK:
        raise Unreadable(f"a chunk of {length} bytes, and PNG has at most {LARGEST_CHUNK}")
    return kind, length


def chunk_body(file: BinaryIO, kind: bytes, length: int) -> bytes:
    """What the chunk holds, compared with its checksum."""
    body, sum_of = file.read(length), file.read(4)
    if len(body) < length or len(sum_of) < 4:
        raise Unreadable("the file ends before its pixels do")
    if zlib.crc32(kind + body) != int.from_bytes(sum_of, "big"):
        raise Unreadable(f"chunk {kind.decode('latin-1')!r} is damaged: its checksum differs")
    return body
