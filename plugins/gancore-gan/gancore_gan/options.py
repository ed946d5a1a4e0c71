"""What the options of both networks share."""

from typing import Any


def listed(given: Any) -> Any:
    """A list, as a spec holds it, as a tuple."""
    return tuple(given) if isinstance(given, list) else given


def sizes(_: Any, attribute: Any, value: Any) -> None:
    """Raises ValueError for anything but a tuple of whole numbers from 1 up."""
    if (
        not isinstance(value, tuple)
        or not value
        or not all(type(size) is int and size >= 1 for size in value)
    ):
        raise ValueError(
            f"{attribute.name} must be the sizes of one or more layers, whole numbers from 1 up; "
            f"got {value!r}"
        )


def share(_: Any, attribute: Any, value: Any) -> None:
    """Raises ValueError for anything but a share from 0 to below 1."""
    if not 0 <= value < 1:
        raise ValueError(f"{attribute.name} must be a share from 0 to below 1; got {value!r}")
