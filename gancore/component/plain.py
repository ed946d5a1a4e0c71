"""What a spec from a file may hold, before any part reads it."""

from collections.abc import Mapping
from typing import Any

from gancore.errors import SpecError

DEEPEST = 50
"""Tables within tables."""
LARGEST = 2**63
"""Whole numbers are smaller, as in TOML."""


def check_plain(table: Any, where: str = "the spec") -> None:
    """Refuses what no part could mean: numbers beyond 64 bits, and tables nested without end.

    Raises:
        SpecError: the message gives the path.
    """
    waiting: list[tuple[str, int, Any]] = [(where, 0, table)]
    while waiting:
        path, depth, value = waiting.pop()
        if depth > DEEPEST:
            raise SpecError(f"{path[:200]}…: tables are nested deeper than {DEEPEST}; expected a recipe")
        if isinstance(value, Mapping):
            waiting += [(f"{path}.{key}", depth + 1, inner) for key, inner in value.items()]
        elif isinstance(value, list | tuple):
            waiting += [(f"{path}.{i}", depth + 1, inner) for i, inner in enumerate(value)]
        elif isinstance(value, int) and not -LARGEST <= value < LARGEST:
            raise SpecError(f"{path} is a number of {value.bit_length()} bits; give one of at most 64")


def check_sizes(value: Any, where: str) -> None:
    """Refuses a shape that no image, latent or code has. Raises SpecError."""
    sizes = value if isinstance(value, tuple) else ()
    numbers = 1
    for size in (s for s in sizes if isinstance(s, int)):
        numbers *= max(size, 1)
        if size < 1 or numbers >= 2**31:
            raise SpecError(f"{where} is {value!r}; a shape has positive sizes, and less than 2^31 numbers")
