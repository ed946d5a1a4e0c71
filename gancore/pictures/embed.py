"""Pictures as `data:` URIs for `<img>`: as WebP, reduced if they are too large for a page."""

import base64
from collections.abc import Mapping
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from PIL import Image

Key = TypeVar("Key")

SMALL, FINE = 32_000, 88
"""Bytes of a PNG up to which it stays as it is to the bit, and the quality of larger ones: in a browser they
look the same.
"""

SIDES = (2400, 1280, 800, 480, 256)
"""Maximum sides, in pixels, that pictures are reduced to; the first that fits is used."""

QUALITY = 82
"""The quality of reduced pictures."""

KEPT = 64
"""Pictures whose WebP is remembered: the report of a training shows the same ones again and again."""


def data_uris(files: Mapping[Key, bytes], room: int) -> tuple[dict[Key, str], bool]:
    """PNG files as `data:` URIs of at most about `room` characters in total, and whether they had to be
    reduced in size: to the largest of `SIDES` that fits.
    """
    light = {key: _light(content) for key, content in files.items()}
    if _characters(sum(len(content) for _, content in light.values())) <= room:
        return {key: _text(*one) for key, one in light.items()}, False
    biggest = max(files.values(), key=len)
    side = next(
        (side for side in SIDES if _characters(len(_reduced(biggest, side)[1])) * len(files) <= room),
        SIDES[-1],
    )
    return {key: _text(*_reduced(content, side)) for key, content in files.items()}, True


def _characters(size: int) -> int:
    return size * 4 // 3


def _text(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


@lru_cache(KEPT)
def _light(content: bytes) -> tuple[str, bytes]:
    """A PNG as WebP if that is smaller, in its own size."""
    found = _webp(content, lossless=True) if len(content) <= SMALL else _webp(content, quality=FINE, method=0)
    return found if len(found[1]) < len(content) else ("png", content)


def _reduced(content: bytes, side: int) -> tuple[str, bytes]:
    return _webp(content, side, quality=QUALITY)


def _webp(content: bytes, side: int | None = None, **options: int) -> tuple[str, bytes]:
    from PIL import Image  # not needed to import this module

    made = BytesIO()
    try:
        with Image.open(BytesIO(content)) as picture:
            whole = _colored(picture)
            if side is not None:
                whole.thumbnail((side, side), Image.Resampling.LANCZOS)
            whole.save(made, "WEBP", **options)
    except (OSError, ValueError, SyntaxError):  # a truncated file is left to the browser
        return "png", content
    return "webp", made.getvalue()


def _colored(picture: "Image.Image") -> "Image.Image":
    clear = "A" in picture.getbands() or "transparency" in picture.info
    return picture.convert("RGBA" if clear else "RGB")
