"""JPEG compression of a batch in torch."""

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from gancore.component.part import field, part
from gancore.component.randomness import uniform
from gancore.component.validators import as_tuple
from gancore_esrgan.degradation.canvas import Canvas, extended
from gancore_esrgan.degradation.color import from_luma_chroma, to_luma_chroma
from gancore_esrgan.degradation.draws import Span, between, span
from gancore_esrgan.degradation.interfaces import CanvasAugment
from gancore_esrgan.degradation.jpeg_blocks import BLOCK, coded
from gancore_esrgan.degradation.jpeg_tables import CHROMA, LUMA, table
from gancore_esrgan.degradation.rounding import STRAIGHT, from_levels, halves_up, rounded, to_levels

__all__ = ["JPEG"]


@part("jpeg")
class JPEG(CanvasAugment):
    """What is left of each image after JPEG compression at a random quality.

    Standard: ITU-T T.81, with the tables of its annex K scaled by quality as in libjpeg; Wang et al. 2021
    (Real-ESRGAN), arXiv:2107.10833, section 3.1, draw the quality uniformly. All steps of a decoder are
    taken: samples are whole numbers, chroma of half size is enlarged linearly. So the result is that of a
    file, but for coefficients half-way between two steps. The released differentiable JPEG rounds neither
    tables nor samples, enlarges chroma by repetition, and fills up blocks with zeros, where here the border
    is repeated.

    The first three of at least three channels are colors; any other channel is compressed like a gray image.
    Gradients pass all rounding straight through, and stop where values are clamped.

    `(N, C, H, W)` in [-1, 1], of any size → the same in [-1, 1].
    """

    examples = ({}, {"quality": (90.0, 90.0), "subsampled": False})
    expected_failures: ClassVar[Mapping[str, str]] = {"is_twice_differentiable": STRAIGHT}

    quality: Span = field(
        default=(30.0, 95.0), converter=as_tuple, validator=span(1, 100), help="range of the quality"
    )
    subsampled: bool = field(default=True, help="whether chroma has half the height and width (4:2:0)")

    def on(self, canvas: Canvas) -> Canvas:
        """The images, compressed."""
        return compressed(canvas, self.drawn(canvas.image), self.subsampled)

    def drawn(self, like: Tensor) -> Tensor:
        """A quality for each image, `(N,)`."""
        return between(uniform(len(like), like=like), self.quality)


def compressed(canvas: Canvas, quality: Tensor, subsampled: bool) -> Canvas:
    """The images after compression at qualities `(N,)`."""
    h, w = canvas.image.shape[2:]
    multiple = 2 * BLOCK
    tall, wide = (-(-pixels // multiple) * multiple for pixels in (h, w))
    level = rounded(to_levels(extended(canvas, tall, wide)))
    colors = 3 if level.shape[1] >= 3 else 0
    parts = [_plain(level[:, colors:], quality)] if colors < level.shape[1] else []
    if colors:
        parts.insert(0, _colored(level[:, :colors], quality, subsampled))
    return Canvas(from_levels(torch.cat(parts, dim=1)[:, :, :h, :w]), canvas.size)


def _plain(level: Tensor, quality: Tensor) -> Tensor:
    """Channels as gray images."""
    return _samples(coded(level - 128, table(LUMA, quality)) + 128)


def _colored(level: Tensor, quality: Tensor, subsampled: bool) -> Tensor:
    """Red, green and blue by luma and chroma."""
    luma_chroma = halves_up(to_luma_chroma(level))
    chroma = luma_chroma[:, 1:]
    if subsampled:
        chroma = _halved(chroma)
    chroma = _samples(coded(chroma, table(CHROMA, quality)) + 128) - 128
    if subsampled:
        chroma = halves_up(functional.interpolate(chroma, scale_factor=2, mode="bilinear"))
    luma = _plain(luma_chroma[:, :1], quality)
    return _samples(from_luma_chroma(torch.cat([luma, chroma], dim=1)))


def _halved(chroma: Tensor) -> Tensor:
    """Means of two by two samples; halves are rounded down and up in turn along a row, as in libjpeg."""
    mean = functional.avg_pool2d(chroma, 2)
    turn = torch.arange(mean.shape[-1], device=mean.device) % 2
    return rounded(mean + (turn.to(mean.dtype) - 0.5) / 4)


def _samples(level: Tensor) -> Tensor:
    """Whole numbers in 0 … 255."""
    return halves_up(level.clamp(0, 255))
