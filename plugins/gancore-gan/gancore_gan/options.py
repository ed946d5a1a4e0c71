"""Converters and validators for the options of both networks."""

from typing import Any


def as_tuple(given: Any) -> Any:
    """Converts a list, as found in a spec, to a tuple."""
    return tuple(given) if isinstance(given, list) else given


def check_layer_sizes(_: Any, attribute: Any, value: Any) -> None:
    """Raises ValueError unless the value is a tuple of one or more positive integers."""
    if (
        not isinstance(value, tuple)
        or not value
        or not all(type(size) is int and size >= 1 for size in value)
    ):
        raise ValueError(
            f"{attribute.name} must be the sizes of one or more layers, whole numbers of at least 1; "
            f"got {value!r}"
        )
