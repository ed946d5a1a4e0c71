"""Poisson noise of random strength, in color or gray."""

import math
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from gancore.component.part import field, part
from gancore.component.randomness import uniform
from gancore.component.validators import as_tuple, within
from gancore_esrgan.degradation.canvas import Canvas
from gancore_esrgan.degradation.color import luma
from gancore_esrgan.degradation.draws import Span, between, span
from gancore_esrgan.degradation.interfaces import CanvasAugment
from gancore_esrgan.degradation.poisson import counts, photons
from gancore_esrgan.degradation.rounding import to_levels

__all__ = ["PoissonNoise"]


@part("poisson-noise")
class PoissonNoise(CanvasAugment):
    """Adds the noise of counted light to each image: its variance is proportional to the brightness.

    Paper: Wang et al. 2021 (Real-ESRGAN), arXiv:2107.10833, section 3.1; the defaults are those of the first
    noise in the released options. As in the released code, the levels y in 0 … 255 of an image become counts
    X ~ Poisson(v y / 255), where v is the number of its different levels, rounded up to a power of two; the
    noise X / v - y / 255 is multiplied by a random scale; gray noise is that of the luma; the result is
    clamped. The noise is constant to gradients.

    `(N, C, H, W)` in [-1, 1] → the same in [-1, 1].
    """

    expected_failures: ClassVar[Mapping[str, str]] = {
        "is_twice_differentiable": "counts change in steps, which its gradient leaves out"
    }

    scale: Span = field(
        default=(0.05, 3.0),
        converter=as_tuple,
        validator=span(0, math.inf),
        help="range of the factor on the noise",
    )
    gray: float = field(default=0.4, validator=within(0, 1), help="fraction of the images with gray noise")

    def on(self, canvas: Canvas) -> Canvas:
        """x + s (X / v - y / 255), clamped."""
        image = canvas.image
        number = uniform(len(image), 2, 1, 1, 1, like=image)
        light = torch.where(number[:, 0] < self.gray, luma(image), image).detach()
        noise = self._noise(light, canvas)
        # gray noise is drawn once for all channels
        noise = torch.where(number[:, 0] < self.gray, noise[:, :1], noise)
        noise = 2 * between(number[:, 1], self.scale) * noise  # [0, 1] is 2 wide here
        return Canvas((image + noise).clamp(-1, 1), canvas.size)

    def _noise(self, light: Tensor, canvas: Canvas) -> Tensor:
        level = to_levels(light).round().long()
        exposure = photons(level, canvas)
        count = counts(uniform(*level.shape, like=light), level, exposure)
        return count / exposure[:, None, None, None] - level.to(light.dtype) / 255
