"""What the settings of every search by gradients have in common: some steps, and numbers that can be reckoned
with.
"""

import math
from typing import Any

from gancore.errors import UserError

__all__ = ["check_settings"]


def check_settings(what: str, settings: Any) -> None:
    """Raises UserError where a dataclass of settings has no `steps`, or a number that is negative or not
    finite.
    """
    if settings.steps < 1:
        raise UserError(f"{what} takes at least 1 step; got {settings.steps}")
    for name, value in vars(settings).items():
        if not (math.isfinite(value) and value >= 0):
            raise UserError(f"{name} of {what} is a finite number from 0 up; got {value}")
