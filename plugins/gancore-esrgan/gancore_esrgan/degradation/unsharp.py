"""Unsharp masking: what a blur takes away is added to the image, where it is more than noise."""

from typing import Any

import torch
from torch import Tensor

from gancore.component.part import field, part
from gancore.component.validators import above, at_least
from gancore_esrgan.degradation.canvas import Canvas
from gancore_esrgan.degradation.interfaces import CanvasAugment
from gancore_esrgan.degradation.kernels import filtered_along
from gancore_esrgan.degradation.rounding import from_levels, to_levels

__all__ = ["UnsharpMask"]


def _odd(_: Any, attribute: Any, value: Any) -> None:
    if type(value) is not int or value < 1 or not value % 2:
        raise ValueError(f"{attribute.name} must be an odd whole number of at least 1; got {value!r}")


@part("unsharp-mask")
class UnsharpMask(CanvasAugment):
    """Sharpens images: I → M (I + w (I - B)) + (1 - M) I, where B is I blurred by a Gaussian, I + w (I - B)
    is clamped to the range of images, and M is a mask of where |I - B| exceeds a threshold, blurred alike.

    Paper: Wang et al. 2021 (Real-ESRGAN), arXiv:2107.10833, whose targets are sharpened so in training; the
    settings are those of the released code, whose radius of 50 is a kernel of 51×51 pixels with a standard
    deviation of 8. Images are mirrored at the border, as often as it takes, so that small ones are sharpened
    too. Nothing is drawn.

    `(N, C, H, W)` in [-1, 1] → the same; channels are sharpened separately.
    """

    examples = ({}, {"size": 5, "deviation": 1.0, "weight": 1.5, "threshold": 0.0})

    weight: float = field(default=0.5, validator=at_least(0), help="how much of I - B is added")
    size: int = field(default=51, validator=_odd, help="height and width of the Gaussian's kernel, odd")
    deviation: float = field(
        default=8.0, validator=above(0), help="standard deviation of the Gaussian, in pixels"
    )
    threshold: float = field(
        default=10.0, validator=at_least(0), help="|I - B| above which pixels are sharpened, of 255 levels"
    )

    def on(self, canvas: Canvas) -> Canvas:
        """The images, sharpened."""
        level = to_levels(canvas.image)
        taps = self._taps(level)
        missing = level - filtered_along(Canvas(level, canvas.size), taps).image
        edges = (missing.abs() > self.threshold).to(level.dtype)
        mask = filtered_along(Canvas(edges, canvas.size), taps).image
        sharp = (level + self.weight * missing).clamp(0, 255)
        return Canvas(from_levels(torch.lerp(level, sharp, mask).clamp(0, 255)), canvas.size)

    def _taps(self, like: Tensor) -> Tensor:
        """The Gaussian along one axis, `(size,)`."""
        place = torch.arange(self.size, dtype=like.dtype, device=like.device) - self.size // 2
        bell = (-(place / self.deviation).square() / 2).exp()
        return bell / bell.sum()
