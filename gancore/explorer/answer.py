"""Answers of the explorer: content, its type, and pictures as PNG."""

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from PIL import Image

from gancore.errors import shown

__all__ = [
    "GIF",
    "LARGEST_PICTURE",
    "NPY",
    "PNG",
    "Answer",
    "Ask",
    "Explored",
    "Take",
    "as_json",
    "broken",
    "png",
]

LARGEST_PICTURE = 2**24
"""Bytes of a picture that is taken."""
PNG, GIF, NPY = "image/png", "image/gif", "application/octet-stream"


@dataclass(frozen=True)
class Answer:
    """Content of a media type; a name if it is a file to save."""

    content: bytes
    kind: str
    name: str = ""


Ask = Callable[[Any], Answer]
"""Answers a request, given as JSON data."""
Take = Callable[[bytes, Any], Answer]
"""Answers a request about a picture: the content of its file, and JSON data."""


class Explored(Protocol):
    """What the server shows: a page, and the endpoints that it asks.

    Attributes:
        page: the page's template.
        asks: the endpoints that take JSON.
        takes: the endpoints that take a picture.
    """

    page: str
    asks: dict[str, Ask]
    takes: dict[str, Take]

    def about(self) -> dict[str, Any]:
        """The properties that the page needs."""


def as_json(value: Any) -> Answer:
    """JSON data."""
    return Answer(json.dumps(value).encode(), "application/json")


def png(picture: Image.Image) -> bytes:
    """A picture as PNG, compressed for speed."""
    content = io.BytesIO()
    picture.save(content, "PNG", compress_level=1)
    return content.getvalue()


def broken(error: BaseException | None) -> str:
    """Reports an error of a plugin's network in the terminal, in one line, and says so to the page."""
    name = type(error).__name__
    print(shown(f"gancore: {name}: {error}", 400), file=sys.stderr, flush=True)
    return f"{name} on the server; see the terminal where it was started"
