"""Checks of schedules."""

import math

from gancore.component.interfaces import Schedule
from gancore.testing.check import check, ensure
from gancore.testing.trial import Trial


@check(Schedule)
def is_a_number(trial: Trial[Schedule]) -> None:
    """The number is finite and between the extremes, from the first image to beyond the last, and if the
    length is unknown.
    """
    low, high = min(trial.part.extremes()), max(trial.part.extremes())
    for images, total in ((0, 1000), (1, 1000), (500, 1000), (1000, 1000), (1100, 1000), (0, 0), (10, 0)):
        number = trial.part(images, total)
        ensure(
            isinstance(number, float) and math.isfinite(number),
            f"the number at {images} of {total} images is {number!r}, expected a finite float",
        )
        ensure(
            low <= number <= high,
            f"the number at {images} of {total} images is {number!r}, "
            f"expected one between its extremes, {low:g} and {high:g}",
        )
        ensure(
            trial.part(images, total) == number,
            f"the number at {images} of {total} images differs from call to call",
        )
