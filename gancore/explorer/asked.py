"""What is asked of the explorer, checked."""

from collections.abc import Sequence
from typing import Any

from gancore.data.decode import decode
from gancore.data.source import Raw, Unreadable
from gancore.errors import UserError

SHOWN = 40


def whole(name: str, value: Any, most: int) -> int:
    """A whole number from 1 to `most`. Raises UserError if the value is none."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise UserError(f"{name} is a whole number from 1 to {most}; got {str(value)[:SHOWN]}")
    return value


def one_of(name: str, value: Any, known: Sequence[str]) -> str:
    """One of the known words. Raises UserError if the value is none."""
    if not isinstance(value, str) or value not in known:
        raise UserError(f"{name} is one of {', '.join(known)}; got {str(value)[:SHOWN]}")
    return value


def opened(content: bytes) -> Raw:
    """The pixels of a picture's file. Raises UserError if it cannot be read."""
    try:
        return decode(content)
    except Unreadable as error:
        raise UserError(f"the picture cannot be read ({error})") from None
