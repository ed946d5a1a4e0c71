"""Checks shared by the settings of all gradient-based searches."""

import math
from typing import Any

from gancore.component.validators import is_number
from gancore.errors import UserError

__all__ = ["check_settings"]


def check_settings(what: str, settings: Any) -> None:
    """Raises UserError unless settings have at least one step and only finite, non-negative numbers."""
    steps = settings.steps
    if not (is_number(steps) and isinstance(steps, int) and steps >= 1):
        raise UserError(f"{what} needs a whole number of steps, at least 1; got {steps!r}")
    for name, value in vars(settings).items():
        if not (is_number(value) and math.isfinite(value) and value >= 0):
            raise UserError(f"{name} of {what} must be a finite number, at least 0; got {value}")
