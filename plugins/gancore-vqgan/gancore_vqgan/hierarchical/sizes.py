"""The sizes that VQ-VAE-2's networks share."""

from typing import Any

from gancore.component.interfaces import ImageShape, Shape
from gancore.component.part import field
from gancore.component.validators import whole

__all__ = ["COARSE", "blocks_field", "levels_of", "residual_field", "width_field"]

FINE, COARSE = 4, 8
"""What both sides are divided by at the two levels."""


def width_field() -> Any:
    """The same in both networks."""
    return field(default=128, validator=whole(2), help="channels of all layers")


def residual_field() -> Any:
    """The same in both networks."""
    return field(default=64, validator=whole(1), help="channels inside of residual blocks")


def blocks_field() -> Any:
    """The same in both networks."""
    return field(default=2, validator=whole(1), help="residual blocks in a row")


def levels_of(image: ImageShape, vector: int) -> tuple[Shape, Shape]:
    """The shapes of the two code maps, coarse to fine."""
    coarse, fine = ((vector, image[1] // by, image[2] // by) for by in (COARSE, FINE))
    return coarse, fine
