"""How much a packed file may unpack to."""

MODEST = 16 * 2**20
"""Bytes that any file may unpack to."""
TIMES = 200
"""Times its packed size that a larger one may: images and labels stay far below."""


def bloated(size: int, packed: int) -> str | None:
    """Why a file of `packed` bytes is not unpacked to `size` bytes; None if it may be."""
    if size > max(MODEST, TIMES * packed):
        return f"{packed} bytes unpack to {size}, more than {TIMES} times as many"
    return None
