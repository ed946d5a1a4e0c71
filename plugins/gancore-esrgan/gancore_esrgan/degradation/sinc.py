"""Sinc filters: circular low-pass kernels, which ring and overshoot at edges."""

import math

import torch
from torch import Tensor

from gancore.component.part import field, part
from gancore.component.randomness import uniform
from gancore.component.validators import as_tuple, within
from gancore_esrgan.degradation.canvas import Canvas, picked
from gancore_esrgan.degradation.draws import Span, between, odd_sizes, span
from gancore_esrgan.degradation.interfaces import CanvasAugment
from gancore_esrgan.degradation.kernels import cut, drawn_sizes, filtered, grid

__all__ = ["SincFilter", "sinc"]


def sinc(size: int, cutoff: Tensor) -> Tensor:
    """ω J₁(ω r) / (2π r), not normalized, where r is the distance from the center: the ideal filter that
    passes frequencies below the cutoff ω `(N,)`, in radians for each pixel. `(N, size, size)`.
    """
    x, y = grid(size, cutoff)
    distance, cutoff = (x.square() + y.square()).sqrt(), cutoff[:, None, None]
    ring = cutoff * torch.special.bessel_j1(cutoff * distance) / (2 * math.pi * distance.clamp_min(1))
    return torch.where(distance > 0, ring, cutoff.square() / (4 * math.pi))  # J₁(t) → t / 2


@part("sinc-filter")
class SincFilter(CanvasAugment):
    """A low-pass filter with a sharp cutoff, which leaves ringing and overshoot beside edges.

    Paper: Wang et al. 2021 (Real-ESRGAN), arXiv:2107.10833; the probability and the ranges are those of its
    last step in the released options. The kernel's sum is 1. Images are mirrored at the border, as often as
    it takes, so that small ones are filtered too.

    `(N, C, H, W)` in [-1, 1] → the same, may overshoot; linear in the image.
    """

    examples = ({"sizes": (3, 7)}, {"probability": 1.0, "sizes": (5, 5)})

    probability: float = field(default=0.8, validator=within(0, 1), help="fraction of the images filtered")
    sizes: tuple[int, int] = field(
        default=(7, 21), converter=as_tuple, validator=odd_sizes, help="smallest and largest kernel, odd"
    )
    cutoff: Span = field(
        default=(math.pi / 3, math.pi),
        converter=as_tuple,
        validator=span(0, math.pi),
        help="range of the cutoff frequency, radians for each pixel",
    )

    def on(self, canvas: Canvas) -> Canvas:
        """The images, some of them filtered."""
        number = uniform(len(canvas.image), 3, like=canvas.image)
        cutoff, size = between(number[:, 1], self.cutoff), drawn_sizes(number[:, 2], self.sizes)
        kernel = cut(sinc(self.sizes[1], cutoff), size)
        return picked(number[:, 0] < self.probability, filtered(canvas, kernel), canvas)
