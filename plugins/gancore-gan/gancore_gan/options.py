"""What the options of both networks share."""

from typing import Any


def listed(given: Any) -> Any:
    """A list, as a spec holds it, as a tuple."""
    return tuple(given) if isinstance(given, list) else given


def sizes(_: Any, attribute: Any, value: Any) -> None:
    """Raises ValueError for anything but a tuple of whole numbers, at least 1."""
    if (
        not isinstance(value, tuple)
        or not value
        or not all(type(size) is int and size >= 1 for size in value)
    ):
        raise ValueError(
            f"{attribute.name} must be the sizes of one or more layers, whole numbers, at least 1; "
            f"got {value!r}"
        )
