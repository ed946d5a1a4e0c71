"""The validators of options: what a number or a word must be, said in one sentence where it is not."""

from collections.abc import Callable
from typing import Any

__all__ = [
    "Validator",
    "above",
    "as_tuple",
    "at_least",
    "below",
    "is_number",
    "one_of",
    "sizes",
    "whole",
    "within",
]

Validator = Callable[[Any, Any, Any], None]
MOST_LAYERS = 1000
"""More layers than any network has."""


class one_of:
    """One of some values, `options`."""

    def __init__(self, *options: Any) -> None:
        self.options = options

    def __call__(self, _: Any, attribute: Any, value: Any) -> None:
        """Raises ValueError for anything else."""
        if value not in self.options:
            words = ", ".join(map(str, self.options))
            raise ValueError(f"{attribute.name} must be one of {words}; got {value!r}")


def at_least(low: float) -> Validator:
    """A number of at least `low`, infinity among them."""
    return _number(lambda value: value >= low, f"a number, at least {low:g}")


def above(low: float) -> Validator:
    """A number larger than `low`, infinity among them."""
    return _number(lambda value: value > low, f"a number above {low:g}")


def below(high: float) -> Validator:
    """A number smaller than `high`."""
    return _number(lambda value: value < high, f"a number below {high:g}")


def within(low: float, high: float) -> Validator:
    """A number from `low` to `high`, both included."""
    return _number(lambda value: low <= value <= high, f"a number from {low:g} to {high:g}")


def whole(low: int) -> Validator:
    """A whole number of at least `low`."""
    return _number(lambda value: isinstance(value, int) and value >= low, f"a whole number, at least {low}")


def as_tuple(given: Any) -> Any:
    """The converter of an option of several values: a list, as in a spec, becomes a tuple."""
    return tuple(given) if isinstance(given, list) else given


def sizes(*, none: bool = False) -> Validator:
    """A tuple of one to `MOST_LAYERS` whole numbers of at least 1; with `none` it may be empty."""

    def check(_: Any, attribute: Any, value: Any) -> None:
        fits = isinstance(value, tuple) and all(type(size) is int and size >= 1 for size in value)
        if not fits or not (value or none):
            raise ValueError(
                f"{attribute.name} must be the sizes of one or more layers, whole numbers of at least 1; "
                f"got {value!r}"
            )
        if len(value) > MOST_LAYERS:
            raise ValueError(f"{attribute.name} has {len(value)} sizes; give at most {MOST_LAYERS:,}")

    return check


def is_number(value: Any) -> bool:
    """Whether it is a real number; True and False are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(fits: Callable[[Any], bool], words: str) -> Validator:
    def check(_: Any, attribute: Any, value: Any) -> None:
        # NaN compares false with everything, so it is refused by each range
        if not is_number(value) or not fits(value):
            raise ValueError(f"{attribute.name} must be {words}; got {value!r}")

    return check
