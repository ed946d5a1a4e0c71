"""TOML as it is written to files."""

from collections.abc import Mapping
from typing import Any

__all__ = ["as_toml"]


def as_toml(table: Mapping[str, Any]) -> str:
    """A table as TOML text; characters that cannot be printed, as some names of classes have, are escaped."""
    import tomli_w

    text = tomli_w.dumps(table)
    return "".join(c if c.isprintable() or c == "\n" else f"\\U{ord(c):08x}" for c in text)
