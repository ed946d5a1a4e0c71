"""Random choices, and the options that hold their ranges and probabilities."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gancore.component.validators import Validator, is_number

__all__ = ["Span", "between", "chances", "chosen", "odd_sizes", "span"]

Span = tuple[float, float]
"""The ends of a range."""


def between(number: Tensor, ends: Span) -> Tensor:
    """Uniform numbers in [0, 1) as uniform numbers in a range."""
    return ends[0] + (ends[1] - ends[0]) * number


def chosen(number: Tensor, weights: Sequence[float]) -> Tensor:
    """Uniform numbers in [0, 1) as indices of `weights`, each as often as its share of their sum."""
    edges = torch.tensor(list(weights), dtype=torch.float64, device=number.device).cumsum(0)
    return (number.double()[..., None] * edges[-1] >= edges[:-1]).sum(-1)


def span(low: float, high: float) -> Validator:
    """Two numbers, the ends of a range within `low` and `high`."""

    def check(_: Any, attribute: Any, value: Any) -> None:
        fits = isinstance(value, tuple) and len(value) == 2 and all(map(is_number, value))
        if not fits or not low <= value[0] <= value[1] <= high:
            raise ValueError(
                f"{attribute.name} must be the ends of a range, two numbers from {low:g} to {high:g}; "
                f"got {value!r}"
            )

    return check


def odd_sizes(_: Any, attribute: Any, value: Any) -> None:
    """The smallest and the largest size of a kernel, odd numbers."""
    fits = isinstance(value, tuple) and len(value) == 2 and all(type(size) is int for size in value)
    if not fits or not 1 <= value[0] <= value[1] or not (value[0] % 2 and value[1] % 2):
        raise ValueError(
            f"{attribute.name} must be the smallest and the largest size, two odd numbers of at least 1; "
            f"got {value!r}"
        )


def chances(number: int) -> Validator:
    """As many probabilities, or weights of any positive sum."""

    def check(_: Any, attribute: Any, value: Any) -> None:
        fits = isinstance(value, tuple) and len(value) == number and all(map(is_number, value))
        if not fits or min(value) < 0 or not 0 < sum(value) < float("inf"):
            raise ValueError(f"{attribute.name} must be {number} probabilities, not all 0; got {value!r}")

    return check
