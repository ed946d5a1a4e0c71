"""What schedules promise."""

import math

from gancore.component.interfaces import Schedule
from gancore.testing.check import check, ensure
from gancore.testing.trial import Trial


@check(Schedule)
def is_a_factor(trial: Trial[Schedule]) -> None:
    """The factor is finite and not negative, from the first image to beyond the last, and where the length is
    not known.
    """
    for images, total in ((0, 1000), (1, 1000), (500, 1000), (1000, 1000), (1100, 1000), (0, 0), (10, 0)):
        factor = trial.part(images, total)
        fine = isinstance(factor, float) and math.isfinite(factor) and factor >= 0
        ensure(
            fine, f"the factor at {images} of {total} images is {factor!r}, expected a finite float from 0"
        )
        ensure(
            trial.part(images, total) == factor,
            f"the factor at {images} of {total} images differs from call to call",
        )
