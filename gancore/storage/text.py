"""Text that people wrote with whatever editor and shell they have."""

import codecs
import re
from pathlib import Path


def decoded(content: bytes) -> str:
    """The text of a file: UTF-8, with or without the byte order mark of editors on Windows, or UTF-16,
    which PowerShell writes where output is sent to a file.

    Raises:
        UnicodeDecodeError: it is neither.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    return content.decode("utf-8-sig")


_BEGIN, _END = r"(?<![\w.~/\\])", r"(?![\w.-])"
_HOMES = re.compile(rf"{_BEGIN}(?:/(?:home|Users)/[^/\s\"']+|/root|[A-Za-z]:\\Users\\[^\\\s\"']+){_END}")


def without_home(text: str) -> str:
    """The text with each home folder in it as `~`: a text that is shared does not say whose it is."""
    try:
        own = str(Path.home())
    except RuntimeError:
        own = ""
    if len(own) > 1:
        text = re.sub(f"{_BEGIN}{re.escape(own)}{_END}", "~", text)
    return _HOMES.sub("~", text)


_HIDDEN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f]"
    r"|[\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
"""Controls, and what has no width or changes the direction of text, but for joiners of letters and emoji."""


def visible(text: str) -> str:
    """The text with the code of each character that would hide or reorder what a page shows."""
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
