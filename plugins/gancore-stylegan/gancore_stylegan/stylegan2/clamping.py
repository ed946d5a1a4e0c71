"""Bounds on activations, which keep float16 from overflowing."""

from torch import Tensor

from gancore.component.validators import within

__all__ = ["CLAMP_HELP", "CLAMP_RANGE", "clamped"]

CLAMP_RANGE = within(0, 1e9)
"""The valid values of a network's `clamp`."""
CLAMP_HELP = "clamp activations to ± this; 0: no clamping; the released trainings in float16 use 256"


def clamped(x: Tensor, limit: float) -> Tensor:
    """Clamps to ±`limit`, without gradient for values beyond it; 0 changes nothing."""
    return x.clamp(-limit, limit) if limit else x
