"""Scores that a model without variety can win."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gancore.pictures.words import figure

if TYPE_CHECKING:
    from gancore.pictures.scores import Reading

NEAR_ZERO = 0.05
VARIETY = ("recall", "coverage")
"""Scores that say whether a model covers the real images, the first one known."""
BLIND_TO_VARIETY = ("precision", "density", "PPL", "EQ-T", "EQ-T_frac", "EQ-R")
"""Scores that noise, or a model that draws a single image, can win."""


def head(score: str) -> str:
    """The bare name of a score, as `PPL` of `PPL z[emoji-1]`."""
    return score.partition("[")[0].partition(" ")[0]


def without_variety(score: str, readings: "Mapping[str, Reading]") -> str:
    """Why a score does not rank a model, which covers next to nothing of the real images; else empty."""
    if head(score) not in BLIND_TO_VARIETY:
        return ""
    for name in VARIETY:
        for known, reading in readings.items():
            if head(known) == name and reading.value is not None:
                low = reading.value < NEAR_ZERO
                why = f"{name} is {figure(reading.value, 2)}, as that of noise or of a single image"
                return why if low else ""
    return ""
