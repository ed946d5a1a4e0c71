"""Pictures as `data:` URIs for `<img>`, reduced if they are too large for a page."""

import base64
from collections.abc import Mapping
from io import BytesIO
from typing import TypeVar

Key = TypeVar("Key")

SIDES = (2400, 1280, 800, 480, 256)
"""Maximum sides, in pixels, that pictures are reduced to; the first that fits is used."""

QUALITY = 82


def data_uris(files: Mapping[Key, bytes], room: int) -> tuple[dict[Key, str], bool]:
    """PNG files as `data:` URIs of at most about `room` characters in total, and whether they had to be
    reduced.

    They stay unchanged if they fit, and otherwise become lossy WebP at the largest size of `SIDES` that fits.
    """
    if _characters(sum(map(len, files.values()))) <= room:
        return {key: _text("png", content) for key, content in files.items()}, False
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


def _reduced(content: bytes, side: int) -> tuple[str, bytes]:
    from PIL import Image  # a report of a small run needs no Pillow

    smaller = BytesIO()
    try:
        with Image.open(BytesIO(content)) as picture:
            whole = picture.convert(
                "RGBA" if "A" in picture.getbands() or "transparency" in picture.info else "RGB"
            )
            whole.thumbnail((side, side), Image.Resampling.LANCZOS)
            whole.save(smaller, "WEBP", quality=QUALITY)
    except (
        OSError,
        ValueError,
        SyntaxError,
    ):  # a truncated file is left to the browser
        return "png", content
    return "webp", smaller.getvalue()
