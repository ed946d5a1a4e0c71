"""Noise of one of two kinds."""

from collections.abc import Mapping
from typing import ClassVar

from gancore.component.part import Seat, field, part, seat
from gancore.component.randomness import uniform
from gancore.component.validators import within
from gancore_esrgan.degradation.canvas import Canvas
from gancore_esrgan.degradation.gaussian_noise import GaussianNoise
from gancore_esrgan.degradation.interfaces import CanvasAugment, on_some
from gancore_esrgan.degradation.poisson_noise import PoissonNoise

__all__ = ["RandomNoise"]


@part("random-noise")
class RandomNoise(CanvasAugment):
    """Gaussian noise on some images, and Poisson noise on the others.

    Paper: Wang et al. 2021 (Real-ESRGAN), arXiv:2107.10833, section 3.1. Difference: each image has its own
    kind of noise, where the released code takes one for a batch.

    `(N, C, H, W)` in [-1, 1] → the same in [-1, 1].
    """

    expected_failures: ClassVar[Mapping[str, str]] = PoissonNoise.expected_failures

    gaussian: Seat[CanvasAugment] = seat(default=GaussianNoise, help="the one kind of noise")
    poisson: Seat[CanvasAugment] = seat(default=PoissonNoise, help="the other")
    gaussian_probability: float = field(
        default=0.5, validator=within(0, 1), help="fraction of the images with the one kind"
    )

    def on(self, canvas: Canvas) -> Canvas:
        """The images with noise."""
        which = uniform(len(canvas.image), like=canvas.image) < self.gaussian_probability
        return on_some(self.poisson, on_some(self.gaussian, canvas, which), ~which)
