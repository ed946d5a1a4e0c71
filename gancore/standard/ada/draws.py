"""Draws which transforms apply to which images; the 18 transforms by name."""

from collections.abc import Mapping

import torch
from torch import Tensor

from gancore.component.randomness import normal, uniform

BLITTING = ("x-flip", "rotate-90", "integer-translation")
GEOMETRIC = ("isotropic-scale", "rotation", "anisotropic-scale", "fractional-translation")
COLOR = ("brightness", "contrast", "luma-flip", "hue", "saturation")
BANDS = ("band-1", "band-2", "band-3", "band-4")
NOISE = ("noise",)
CUTOUT = ("cutout",)
TRANSFORMS = (*BLITTING, *GEOMETRIC, *COLOR, *BANDS, *NOISE, *CUTOUT)

GROUPS = (BLITTING, GEOMETRIC, COLOR, BANDS, NOISE, CUTOUT)
"""In the order of the letters in `bgcfnc`."""

Probability = Tensor | float


class Draws:
    """The random choices for a batch of `n` images: a transform applies to each with probability p times its
    multiplier.
    """

    def __init__(self, like: Tensor, p: Probability, multipliers: Mapping[str, float]) -> None:
        self.like, self.n, self.p, self.multipliers = like, len(like), p, multipliers

    def any(self, *names: str) -> bool:
        """Whether any of the transforms has a positive probability."""
        return any(self.multipliers[name] > 0 for name in names)

    def chance(self, name: str) -> Probability:
        """The probability of a transform."""
        return self.p * self.multipliers[name]

    def uniform(self, *shape: int) -> Tensor:
        """`(n, *shape)` in [0, 1)."""
        return uniform(self.n, *shape, like=self.like)

    def normal(self, *shape: int) -> Tensor:
        """`(n, *shape)`, standard normal."""
        return normal(self.n, *shape, like=self.like)

    def sometimes(self, chance: Probability, value: Tensor, neutral: float) -> Tensor:
        """`value` `(n, …)` for the images that `chance` selects, and `neutral` for the others."""
        picked = self.uniform() < chance
        return torch.where(picked.reshape(-1, *[1] * (value.dim() - 1)), value, neutral)
