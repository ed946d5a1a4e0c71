"""Writes a PNG from above to below."""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from gancore.data.png.filters import filtered
from gancore.data.png.header import SIGNATURE
from gancore.data.source import Array
from gancore.errors import RunError
from gancore.storage.files import reason, whole_file

COLORS = {1: 0, 2: 4, 3: 2, 4: 6}
"""PNG's number for the kind of color, by channels."""
BLOCK = 2**20
"""About how many bytes are filtered at a time."""


class Encoder:
    """Writes rows as they come; `close` after the last. Only `written_png` makes one."""

    def __init__(self, file: BinaryIO, height: int, width: int, channels: int, bits: int) -> None:
        self.file, self.bits, self.step = file, bits, channels * bits // 8
        self.before = np.zeros(width * self.step, np.uint8)
        self.machine = zlib.compressobj()
        file.write(SIGNATURE)
        self.chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, COLORS[channels], 0, 0, 0))

    def chunk(self, kind: bytes, body: bytes) -> None:
        """Length, name, content and checksum."""
        checksum = zlib.crc32(kind + body)
        self.file.write(struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum))

    def rows(self, rows: Array) -> None:
        """The next rows `(R, W, C)`, uint8 or uint16 as the bits."""
        flat = rows.reshape(len(rows), -1)
        step = max(1, BLOCK // len(self.before))
        for start in range(0, len(flat), step):
            self._block(np.ascontiguousarray(flat[start : start + step]))

    def _block(self, values: Array) -> None:
        block = values.astype(">u2").view(np.uint8) if self.bits == 16 else values
        packed = self.machine.compress(filtered(block, self.before, self.step).tobytes())
        self.before = block[-1]
        if packed:
            self.chunk(b"IDAT", packed)

    def close(self) -> None:
        """What zlib still holds, and the end."""
        self.chunk(b"IDAT", self.machine.flush())
        self.chunk(b"IEND", b"")


@contextmanager
def written_png(
    path: Path, height: int, width: int, channels: int, bits: int, profile: bytes = b""
) -> Iterator[Encoder]:
    """A file of 1 to 4 channels and 8 or 16 bits, to be given all rows; it is there whole or not at all.

    Raises:
        RunError: the disk is full, or the folder is not writable.
    """
    try:
        with whole_file(path) as aside, aside.open("wb") as file:
            encoder = Encoder(file, height, width, channels, bits)
            if profile:
                encoder.chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(profile))
            yield encoder
            encoder.close()
    except OSError as error:
        raise RunError(
            f"could not write {path}: {reason(error)}; an existing file is unchanged. "
            "Free some space, or choose a writable folder."
        ) from error
