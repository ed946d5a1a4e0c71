"""The second-order degradation: two processes of blur, resize, noise and compression, one after the other."""

import torch
from torch import Tensor

from gancore.component.part import Seat, field, part, seat
from gancore.component.randomness import uniform
from gancore.component.validators import as_tuple, within
from gancore_esrgan.degradation.blur import RandomBlur
from gancore_esrgan.degradation.canvas import Canvas, whole
from gancore_esrgan.degradation.draws import Span, chances, chosen
from gancore_esrgan.degradation.gaussian_noise import GaussianNoise
from gancore_esrgan.degradation.interfaces import CanvasAugment, Degradation, on, on_some
from gancore_esrgan.degradation.jpeg import JPEG
from gancore_esrgan.degradation.poisson_noise import PoissonNoise
from gancore_esrgan.degradation.random_noise import RandomNoise
from gancore_esrgan.degradation.resize import FILTERS, around_one, drawn_factors, resized
from gancore_esrgan.degradation.rounding import from_levels, rounded, to_levels
from gancore_esrgan.degradation.sinc import SincFilter

__all__ = ["SecondOrderDegradation"]

Chances = tuple[float, float, float]


@part("second-order")
class SecondOrderDegradation(Degradation):
    """Blur, resize, noise and JPEG compression, and once more, with a sinc filter at the end.

    Paper: Wang et al. 2021 (Real-ESRGAN), arXiv:2107.10833. The steps, probabilities and ranges are those of
    the released options (train_realesrgan_x4plus), and belong to images of about 400 pixels: smaller ones are
    left with little, see the preset second-order-mild.

    The second resize starts from the size of the source. The last step is, in random order, compression, and
    the resize to the size of the source with the sinc filter. Then values are rounded to 256 levels. Every
    image has its own sizes, filters, order and kinds of noise, where the released code draws these once for a
    batch and keeps a pool of pairs for variety. A resize to a size follows from sizes alone, which are whole
    numbers, where in the first of the released code a factor decides the coordinates.
    """

    examples = ({"scale": 2}, {"scale": 4, "second_noise": "none"})

    blur: Seat[CanvasAugment | None] = seat(default=RandomBlur, help="the first blur, or none")
    resize: Chances = field(
        default=(0.2, 0.7, 0.1),
        converter=as_tuple,
        validator=chances(3),
        help="probabilities that the first resize enlarges, reduces, keeps",
    )
    resize_range: Span = field(
        default=(0.15, 1.5), converter=as_tuple, validator=around_one, help="range of its factor"
    )
    noise: Seat[CanvasAugment | None] = seat(default=RandomNoise, help="the first noise, or none")
    compression: Seat[CanvasAugment | None] = seat(default=JPEG, help="the first compression, or none")
    second_blur: Seat[CanvasAugment | None] = seat(
        factory=lambda: RandomBlur(probability=0.8, deviation=(0.2, 1.5)), help="the second blur, or none"
    )
    second_resize: Chances = field(
        default=(0.3, 0.4, 0.3),
        converter=as_tuple,
        validator=chances(3),
        help="probabilities that the second resize enlarges, reduces, keeps the size of the source",
    )
    second_resize_range: Span = field(
        default=(0.3, 1.2), converter=as_tuple, validator=around_one, help="range of its factor"
    )
    second_noise: Seat[CanvasAugment | None] = seat(
        factory=lambda: RandomNoise(
            gaussian=GaussianNoise(deviation=(1.0, 25.0)), poisson=PoissonNoise(scale=(0.05, 2.5))
        ),
        help="the second noise, or none",
    )
    sinc: Seat[CanvasAugment | None] = seat(default=SincFilter, help="the last filter, or none")
    second_compression: Seat[CanvasAugment | None] = seat(default=JPEG, help="the last compression, or none")
    compressed_last: float = field(
        default=0.5, validator=within(0, 1), help="fraction of the images compressed after the last filter"
    )

    def degraded(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → `(N, C, H/scale, W/scale)`."""
        h, w = image.shape[2:]
        small = (h // self.scale, w // self.scale)
        canvas = on(self.blur, whole(image))
        canvas = _at_random(canvas, (h, w), self.resize, self.resize_range)
        canvas = on(self.compression, on(self.noise, canvas))
        canvas = on(self.second_blur, canvas)
        canvas = _at_random(canvas, small, self.second_resize, self.second_resize_range)
        made = self._finished(on(self.second_noise, canvas), small)
        return from_levels(rounded(to_levels(made.image)))

    def _finished(self, canvas: Canvas, small: tuple[int, int]) -> Canvas:
        """In the size of the source, filtered, and compressed before or after."""
        last = uniform(len(canvas.image), like=canvas.image) < self.compressed_last
        canvas = on_some(self.second_compression, canvas, ~last)
        size = torch.tensor(small, device=canvas.size.device).expand_as(canvas.size)
        canvas = on(self.sinc, resized(canvas, size, _filters(canvas), small))
        return on_some(self.second_compression, canvas, last)


def _at_random(canvas: Canvas, base: tuple[int, int], weights: Chances, ends: Span) -> Canvas:
    """The images in random multiples of a size, at least one pixel, each by a random filter."""
    factor = drawn_factors(uniform(len(canvas.image), 2, like=canvas.image), weights, ends)
    largest = _largest(base, weights, ends)
    size = torch.tensor(base, device=factor.device) * factor.double()[:, None]  # (N, 2)
    size = torch.minimum(size.long().clamp_min(1), torch.tensor(largest, device=factor.device))
    return resized(canvas, size, _filters(canvas), largest)


def _largest(base: tuple[int, int], weights: Chances, ends: Span) -> tuple[int, int]:
    """The largest size that may be drawn; what is drawn does not change the size of the canvas."""
    most = ends[1] if weights[0] else 1.0
    return max(1, int(base[0] * most)), max(1, int(base[1] * most))


def _filters(canvas: Canvas) -> Tensor:
    number = uniform(len(canvas.image), like=canvas.image)
    return chosen(number, [1.0] * len(FILTERS))
