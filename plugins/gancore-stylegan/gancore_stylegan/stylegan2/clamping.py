"""Bounds on what layers give, which keep float16 from overflowing."""

from torch import Tensor

from gancore.component.validators import within

__all__ = ["CLAMP_HELP", "CLAMP_RANGE", "clamped"]

CLAMP_RANGE = within(0, 1e9)
"""What `clamp` of a network may be."""
CLAMP_HELP = "layers give values within ± this, 0: any; the released trainings, which use float16, have 256"


def clamped(x: Tensor, limit: float) -> Tensor:
    """Values within ±`limit`, and no gradient through those that were beyond; 0 leaves all as they are."""
    return x.clamp(-limit, limit) if limit else x
