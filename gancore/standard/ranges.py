"""Validators that say the range of a number in words."""

from collections.abc import Callable
from typing import Any

__all__ = ["above", "at_least", "whole", "within"]

Validator = Callable[[Any, Any, Any], None]


def at_least(low: float) -> Validator:
    """A number from `low` up, infinity among them."""
    return _number(lambda value: value >= low, f"a number from {low:g} up")


def above(low: float) -> Validator:
    """A number larger than `low`, infinity among them."""
    return _number(lambda value: value > low, f"a number above {low:g}")


def within(low: float, high: float) -> Validator:
    """A number from `low` to `high`, both included."""
    return _number(lambda value: low <= value <= high, f"a number from {low:g} to {high:g}")


def whole(low: int) -> Validator:
    """A whole number from `low` up."""
    return _number(lambda value: isinstance(value, int) and value >= low, f"a whole number from {low} up")


def _number(fits: Callable[[Any], bool], words: str) -> Validator:
    def check(_: Any, attribute: Any, value: Any) -> None:
        # NaN compares false with everything, so it is refused by each range
        if isinstance(value, bool) or not isinstance(value, int | float) or not fits(value):
            raise ValueError(f"{attribute.name} must be {words}; got {value!r}")

    return check
