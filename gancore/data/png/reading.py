"""Decodes a PNG from above to below."""

import zlib
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from gancore.data.png.filters import unfiltered
from gancore.data.png.header import Header, chunk_head
from gancore.data.source import Array, Unreadable

PIECE = 2**18
"""Bytes of the file that are read at a time."""
BLOCK, LINES = 2**25, 256
"""About how many bytes of pixels, and at most how many rows, are decoded at a time."""
PASSES = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
"""Adam7: first row and column of each pass, and how far its rows and columns are apart."""


class Decoder:
    """The pixels of a PNG behind its header, row by row.

    Raises:
        Unreadable: in any call: the file is damaged or ends too early.
    """

    def __init__(self, file: BinaryIO, header: Header) -> None:
        self.header = header
        self.data = _Inflated(file)
        self.before = np.zeros(header.line(header.width), np.uint8)

    def take(self, count: int) -> Array:
        """The next rows `(count, W, C)`, uint8 or uint16; not of an interlaced file."""
        step = max(1, min(LINES, BLOCK // len(self.before)))
        blocks = [self._rows(min(step, count - start)) for start in range(0, count, step)]
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)

    def _rows(self, count: int) -> Array:
        rows = self._lines(count, self.before)
        self.before = rows[-1]
        return pixels(rows, self.header, self.header.width)

    def _lines(self, count: int, before: Array) -> Array:
        size = count * (1 + len(before))
        lines = np.frombuffer(self.data.read(size), np.uint8).reshape(count, -1)
        return unfiltered(lines, before, self.header.step)

    def interlaced(self) -> Array:
        """All pixels `(H, W, C)` of an interlaced file."""
        head = self.header
        whole = np.empty((head.height, head.width, head.channels), np.uint16 if head.bits == 16 else np.uint8)
        for top, left, down, across in PASSES:
            target = whole[top::down, left::across]
            if target.size:
                before = np.zeros(head.line(target.shape[1]), np.uint8)
                for start in range(0, len(target), LINES):
                    part = target[start : start + LINES]
                    rows = self._lines(len(part), before)
                    part[:], before = pixels(rows, head, target.shape[1]), rows[-1]
        return whole


def pixels(rows: Array, header: Header, width: int) -> Array:
    """Pixels `(R, width, C)` of rows `(R, B)` of bytes: few bits are widened to 8, palettes looked up, and a
    transparent color becomes alpha.
    """
    values = _values(rows, header.bits, width * header.stored).reshape(len(rows), width, header.stored)
    if header.color == 3:
        return _table(header)[values[..., 0]]
    most = 2**header.bits - 1
    color = values if header.bits >= 8 else (values * (255 // most)).astype(np.uint8)
    if not header.transparent:
        return color
    key = np.frombuffer(header.transparent, ">u2").astype(np.uint16)
    opaque = (values != key).any(-1, keepdims=True)
    return np.concatenate([color, opaque * color.dtype.type(max(most, 255))], 2).astype(color.dtype)


def _values(rows: Array, bits: int, count: int) -> Array:
    if bits == 16:
        return rows.view(">u2").astype(np.uint16)
    if bits == 8:
        return rows
    each = np.unpackbits(rows, axis=1).reshape(len(rows), -1, bits)
    return np.asarray((each @ (1 << np.arange(bits)[::-1]))[:, :count].astype(np.uint8))


def _table(header: Header) -> Array:
    """All 256 colors; those that the palette lacks are black, as Pillow has them."""
    colors = np.frombuffer(header.palette, np.uint8).reshape(-1, 3)[:256]
    table = np.zeros((256, header.channels), np.uint8)
    table[: len(colors), :3] = colors
    if header.alpha:
        alpha = np.frombuffer(header.transparent, np.uint8)[:256]
        table[:, 3] = 255
        table[: len(alpha), 3] = alpha
    return table


class _Inflated:
    """The unpacked bytes of all chunks of pixels."""

    def __init__(self, file: BinaryIO) -> None:
        self.pieces, self.machine, self.rest = _packed(file), zlib.decompressobj(), b""

    def read(self, count: int) -> bytes:
        made = bytearray()
        while len(made) < count:
            piece, before = self.rest or next(self.pieces, b""), len(made)
            try:
                made += self.machine.decompress(piece, count - before)
            except zlib.error as error:
                raise Unreadable(f"its pixels are damaged: {error}") from None
            self.rest = self.machine.unconsumed_tail
            if len(made) == before and (not piece or self.machine.eof):
                raise Unreadable("it holds fewer pixels than its header says")
        return bytes(made)


def _packed(file: BinaryIO) -> Iterator[bytes]:
    """The bytes of the chunks of pixels, piece by piece, compared with the checksum of each chunk."""
    while True:
        kind, left = chunk_head(file)
        if kind != b"IDAT":
            return
        total = zlib.crc32(kind)
        while left:
            piece = file.read(min(left, PIECE))
            if not piece:
                raise Unreadable("the file ends before its pixels do")
            left, total = left - len(piece), zlib.crc32(piece, total)
            yield piece
        if total != int.from_bytes(file.read(4), "big"):
            raise Unreadable("its pixels are damaged: the checksum of a chunk differs")
