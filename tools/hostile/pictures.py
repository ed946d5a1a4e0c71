"""Image files that are small, or look harmless, and ask much of whoever decodes them."""

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from PIL import Image

SIDE = 9459
"""The largest square that is read."""
LONGEST = 1_000_000
"""The longest side that is read."""
Made = tuple[str, bytes]
Maker = Callable[[], bytes]
"""Makes the content of a file; some take long."""


def bombs(side: int = SIDE) -> Iterator[Made]:
    """Blank images in each format and mode, by default just below the limit."""
    kinds = {
        "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
        "JPEG": ("L", "RGB", "CMYK"),
        "BMP": ("1", "L", "RGB"),
        "WEBP": ("RGB", "RGBA"),
    }
    for format, modes in kinds.items():
        for mode in modes:
            most = min(side, 7071 if format == "WEBP" else SIDE)
            yield f"bomb-{mode.replace(';', '')}.{format.lower()}", _saved(mode, (most, most), format)
    yield "progressive.jpeg", _saved("RGB", (side, side), "JPEG", progressive=True, subsampling=0)
    yield "turned.png", _saved("RGB", (side, side), "PNG", exif=_exif(6))
    strip = side * side // LONGEST
    yield "line.png", _saved("RGB", (LONGEST, strip), "PNG")
    yield "column.png", _saved("RGB", (strip, LONGEST), "PNG")


def beyond() -> dict[str, Maker]:
    """Headers that name more pixels, rows or columns than are read."""
    pixels = (12_000, 12_000), (30_000, 12_000), (2**31 - 1, 2**31 - 1), (2**31 - 1, 1)
    sides = (1, 89_000_000), (89_000_000, 1), (1, LONGEST + 1)
    headers = {
        f"{width}x{height}.png": partial(_png, width, height, zlib.compress(bytes(1000)))
        for width, height in pixels + sides
    }
    wide = 54, 0, 0, 54, 40, 30_000, 30_000, 1, 24, *[0] * 6
    return {
        **headers,
        "wide.bmp": lambda: b"BM" + struct.pack("<IHHIIiiHHIIiiII", *wide),
        "wide.webp": lambda: _webp(16_383, 6_000),
    }


def stuffed(rng: np.random.Generator) -> dict[str, Maker]:
    """Small images with more around them than in them: color profiles, EXIF, texts, segments, frames."""
    return {
        "profile.png": lambda: _with(_chunk(b"iCCP", b"x\0\0" + _many(2**26))),
        "texts.png": lambda: _with(*[_chunk(b"zTXt", b"x\0\0" + _many(2**20))] * 200),
        "text.png": lambda: _with(_chunk(b"zTXt", b"x\0\0" + _many(2**26))),
        "unicode.png": lambda: _with(_chunk(b"iTXt", b"x\0\1\0\0\0" + _many(2**26))),
        "orientation.png": lambda: _with(_chunk(b"zTXt", b"Raw profile type exif\0\0" + _many(10**6))),
        "xmp.png": lambda: _with(
            _chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b"<" * 10**6))
        ),
        "exif.png": lambda: _with(_chunk(b"eXIf", b"Exif\0\0II*\0" + b"\x08\0\0\0" + b"\xff" * 10**6)),
        "loop.png": lambda: _with(_chunk(b"eXIf", _loop())),
        "chunks.png": lambda: _with(*[_chunk(b"tEXt", b"a\0b")] * 100_000),
        "junk.png": lambda: _with() + bytes(2**24),
        "segments.jpeg": lambda: _segments(b"\xff\xe1\0\x08Exif\0\0" * 200_000),
        "profile.jpeg": lambda: _segments(b"".join(map(_profile, range(1, 256)))),
        "comments.jpeg": lambda: _segments((b"\xff\xfe\xff\xff" + bytes(65_533)) * 200),
        **{
            f"frames-{format.lower()}.png": partial(_frames, rng, format)
            for format in ("PNG", "WEBP", "GIF", "TIFF")
        },
    }


def altered(rng: np.random.Generator, count: int) -> Iterator[Made]:
    """Images of which some bytes were changed, or the end is missing."""
    for number in range(count):
        format = ("PNG", "JPEG", "WEBP", "BMP")[number % 4]
        out = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, (16, 16, 3), np.uint8)).save(out, format)
        content = bytearray(out.getvalue())
        for place in rng.integers(0, len(content), rng.integers(1, 8)):
            content[place] = rng.integers(256)
        kept = content if number % 3 else content[: rng.integers(1, len(content))]
        yield f"altered{number:05}.{format.lower()}", bytes(kept)


def good(seed: int = 0) -> bytes:
    """An image that must not be lost."""
    out = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), np.uint8)
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def _saved(mode: str, size: tuple[int, int], format: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size).save(out, format, **options)
    return out.getvalue()


def _webp(width: int, height: int) -> bytes:
    """A small image whose header names this size, in 14 bits each, after the start code of a VP8 frame."""
    before, start, after = _saved("RGB", (16, 16), "WEBP", quality=0).partition(b"\x9d\x01\x2a")
    return before + start + struct.pack("<HH", width, height) + after[4:]


def _exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width: int, height: int, pixels: bytes, *chunks: bytes) -> bytes:
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _with(*chunks: bytes) -> bytes:
    """A gray PNG of 16×16 with these chunks."""
    return _png(16, 16, zlib.compress(bytes(17 * 16)), *chunks)


def _segments(segments: bytes) -> bytes:
    """A JPEG with these segments in front."""
    content = _saved("RGB", (16, 16), "JPEG")
    return content[:2] + segments + content[2:]


def _many(zeros: int) -> bytes:
    return zlib.compress(bytes(zeros))


def _profile(number: int) -> bytes:
    """One of the segments of a long color profile."""
    return b"\xff\xe2\xff\xffICC_PROFILE\0" + bytes([number, 255]) + bytes(65_519)


def _frames(rng: np.random.Generator, format: str) -> bytes:
    """An animation of 400 frames of noise; GIF has gray ones, for which no palette must be searched."""
    shape = (64, 64) if format == "GIF" else (64, 64, 3)
    frames = [Image.fromarray(rng.integers(0, 256, shape, np.uint8)) for _ in range(20)]
    out = io.BytesIO()
    frames[0].save(out, format, save_all=True, append_images=frames[1:] * 20)
    return out.getvalue()


def _loop() -> bytes:
    """EXIF whose folders contain themselves."""
    return b"II*\0\x08\0\0\0" + struct.pack("<HHHIIHHII", 2, 0x8769, 4, 1, 8, 0x8825, 4, 1, 8) + bytes(4)
