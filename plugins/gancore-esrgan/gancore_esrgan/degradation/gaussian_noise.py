"""Gaussian noise of random strength, in color or gray."""

import math

import torch

from gancore.component.part import field, part
from gancore.component.randomness import normal, uniform
from gancore.component.validators import as_tuple, within
from gancore_esrgan.degradation.canvas import Canvas
from gancore_esrgan.degradation.draws import Span, between, span
from gancore_esrgan.degradation.interfaces import CanvasAugment

__all__ = ["GaussianNoise"]


@part("gaussian-noise")
class GaussianNoise(CanvasAugment):
    """Adds normal noise of a random standard deviation to each image, the same to all channels of some.

    Paper: Wang et al. 2021 (Real-ESRGAN), arXiv:2107.10833, section 3.1; the defaults are those of the first
    noise in the released options. As in the released code, the result is clamped.

    `(N, C, H, W)` in [-1, 1] → the same in [-1, 1].
    """

    deviation: Span = field(
        default=(1.0, 30.0),
        converter=as_tuple,
        validator=span(0, math.inf),
        help="range of the standard deviation, in levels of 255",
    )
    gray: float = field(default=0.4, validator=within(0, 1), help="fraction of the images with gray noise")

    def on(self, canvas: Canvas) -> Canvas:
        """x + σ ε, clamped."""
        image = canvas.image
        number = uniform(len(image), 2, 1, 1, 1, like=image)
        noise = normal(*image.shape, like=image)
        noise = torch.where(number[:, 0] < self.gray, noise[:, :1], noise)
        noise = between(number[:, 1], self.deviation) / 127.5 * noise  # 255 levels are 2 wide
        return Canvas((image + noise).clamp(-1, 1), canvas.size)
