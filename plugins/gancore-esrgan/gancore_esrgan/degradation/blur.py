"""Blur with random kernels."""

import math
from typing import Any

import torch
from torch import Tensor

from gancore.component.part import field, part
from gancore.component.randomness import uniform
from gancore.component.validators import as_tuple, is_number, within
from gancore_esrgan.degradation.canvas import Canvas, picked
from gancore_esrgan.degradation.draws import Span, between, chosen, odd_sizes, span
from gancore_esrgan.degradation.interfaces import CanvasAugment
from gancore_esrgan.degradation.kernels import cut, drawn_sizes, filtered
from gancore_esrgan.degradation.shapes import generalized, plateau, quadratic_form
from gancore_esrgan.degradation.sinc import sinc

__all__ = ["SHAPES", "RandomBlur"]

SHAPES = (
    "isotropic",
    "anisotropic",
    "generalized-isotropic",
    "generalized-anisotropic",
    "plateau-isotropic",
    "plateau-anisotropic",
)
"""The bell-shaped kernels by name."""
LARGE = 13
"""From this size on a sinc filter has the range `large_cutoff`."""


def _known(_: Any, attribute: Any, value: Any) -> None:
    if not isinstance(value, dict) or not set(value) <= set(SHAPES):
        raise ValueError(f"{attribute.name} must be a table of {', '.join(SHAPES)}; got {value!r}")
    if not all(is_number(weight) and 0 <= weight < math.inf for weight in value.values()) or not any(
        value.values()
    ):
        raise ValueError(f"{attribute.name} must be probabilities, not all 0; got {value!r}")


@part("random-blur")
class RandomBlur(CanvasAugment):
    """Convolves each image with a kernel of random shape, size and width.

    Paper: Wang et al. 2021 (Real-ESRGAN), arXiv:2107.10833, section 3.1 for the bells; the defaults are those
    of the first blur in the released options. A kernel is a sinc filter with the probability `sinc`, and
    otherwise Gaussian, exp(-q/2), generalized Gaussian, exp(-q^β/2), or plateau-shaped, 1/(1 + q^β), of q =
    xᵀ Σ⁻¹ x. Anisotropic ones have two widths and a random angle. As in the released code, β is below 1 in
    half of the kernels and above in the others, and sinc filters of 13 taps and more may cut off more. The
    kernel's sum is 1. Images are mirrored at the border, as often as it takes, so that small ones are blurred
    too.

    `(N, C, H, W)` in [-1, 1] → the same; linear in the image.
    """

    examples = ({"sizes": (3, 7)}, {"probability": 0.5, "sinc": 0.5, "sizes": (5, 5)})

    probability: float = field(default=1.0, validator=within(0, 1), help="fraction of the images blurred")
    kernels: dict[str, float] = field(
        factory=lambda: dict(zip(SHAPES, (0.45, 0.25, 0.12, 0.03, 0.12, 0.03), strict=True)),
        validator=_known,
        help="probability of each shape, among kernels that are no sinc filters",
    )
    sinc: float = field(default=0.1, validator=within(0, 1), help="probability of a sinc filter")
    sizes: tuple[int, int] = field(
        default=(7, 21), converter=as_tuple, validator=odd_sizes, help="smallest and largest kernel, odd"
    )
    deviation: Span = field(
        default=(0.2, 3.0),
        converter=as_tuple,
        validator=span(0.01, math.inf),
        help="range of the standard deviations, in pixels",
    )
    generalized_beta: Span = field(
        default=(0.5, 4.0), converter=as_tuple, validator=span(0, math.inf), help="range of β, around 1"
    )
    plateau_beta: Span = field(
        default=(1.0, 2.0), converter=as_tuple, validator=span(0, math.inf), help="range of β, around 1"
    )
    cutoff: Span = field(
        default=(math.pi / 3, math.pi),
        converter=as_tuple,
        validator=span(0, math.pi),
        help="range of the cutoff frequency of sinc filters, radians for each pixel",
    )
    large_cutoff: Span = field(
        default=(math.pi / 5, math.pi),
        converter=as_tuple,
        validator=span(0, math.pi),
        help=f"the same from {LARGE} taps on",
    )

    def on(self, canvas: Canvas) -> Canvas:
        """The images, blurred."""
        number = uniform(len(canvas.image), 10, like=canvas.image)
        blurred = filtered(canvas, self.drawn(number[:, 1:]))
        return picked(number[:, 0] < self.probability, blurred, canvas)

    def drawn(self, number: Tensor) -> Tensor:
        """The kernels that uniform numbers `(N, 9)` stand for, `(N, K, K)` with the largest size K."""
        ringing, size = number[:, 0] < self.sinc, drawn_sizes(number[:, 1], self.sizes)
        cutoff = torch.where(
            size < LARGE, between(number[:, 2], self.cutoff), between(number[:, 2], self.large_cutoff)
        )
        kernel = torch.where(ringing[:, None, None], sinc(self.sizes[1], cutoff), self._bell(number[:, 3:]))
        return cut(kernel, size)

    def _bell(self, number: Tensor) -> Tensor:
        """Kernels of the six shapes by uniform numbers `(N, 6)`."""
        shape = chosen(number[:, 0], [self.kernels.get(name, 0.0) for name in SHAPES])
        deviation = between(number[:, 1:3], self.deviation)
        isotropic = shape % 2 == 0
        deviation = torch.where(isotropic[:, None], deviation[:, :1], deviation)
        q = quadratic_form(self.sizes[1], deviation, between(number[:, 3], (-math.pi, math.pi)))
        wide = _around_one(number[:, 4:], self.generalized_beta)
        bell = generalized(q, torch.where(shape < 2, 1.0, wide))
        flat = plateau(q, _around_one(number[:, 4:], self.plateau_beta))
        return torch.where((shape < 4)[:, None, None], bell, flat)


def _around_one(number: Tensor, ends: Span) -> Tensor:
    """By uniform numbers `(N, 2)`, below 1 as often as above, uniform on either side; `(N,)`."""
    below, above = between(number[:, 1], (ends[0], 1.0)), between(number[:, 1], (1.0, ends[1]))
    return torch.where(number[:, 0] < 0.5, below, above)
