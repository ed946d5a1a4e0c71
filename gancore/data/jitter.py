"""Images that training shows enlarged, a piece of their old size at a time."""

from typing import ClassVar

import attrs
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from gancore.data.options import Size
from gancore.data.pixels import AnyPixels, Indices, Marks
from gancore.data.places import corner
from gancore.errors import DataError


@attrs.define(frozen=True, eq=False, slots=False)
class JitterPixels:
    """Images enlarged to `larger` by bicubic interpolation, of which a piece of their own size is shown at a
    place; where no places are given, as in evaluations, the images as they are.

    Paper: Isola et al. 2016, arXiv:1611.07004, section 6.2: 256×256 resized to 286×286, cropped to 256×256.
    """

    placed: ClassVar[bool] = True
    of: AnyPixels
    larger: Size
    step: int = 1
    """Of what number of pixels places are multiples."""

    def __len__(self) -> int:
        return len(self.of)

    @property
    def image(self) -> tuple[int, int, int]:
        """(C, H, W), as they are."""
        return self.of.image

    @property
    def depth(self) -> str:
        """The bits per value, as text."""
        return self.of.depth

    @property
    def identity(self) -> str:
        """That of the images, and the larger size."""
        return f"jitter {self.larger} {self.step} of {self.of.identity}"

    def gather(self, indices: Indices, mirrored: Marks, places: Indices | None = None) -> Tensor:
        """Pieces (N, C, H, W) float32 in [-1, 1] at places (N, 2), or whole images."""
        images = self.of.gather(indices, mirrored)
        if places is None or not len(images):
            return images
        enlarged = interpolate(images, self.larger, mode="bicubic", antialias=True, align_corners=False)
        height, width = self.image[1:]
        corners = [corner(place, self.larger, (height, width), self.step) for place in places]
        pieces = [
            image[:, top : top + height, left : left + width]
            for image, (top, left) in zip(enlarged, corners, strict=True)
        ]
        return torch.stack(pieces).clamp_(-1, 1)


def jittered(pixels: AnyPixels, factor: float) -> JitterPixels:
    """Images enlarged by a factor, rounded to whole pixels. Raises DataError if that changes nothing."""
    height, width = pixels.image[1:]
    larger = round(height * factor), round(width * factor)
    if larger == (height, width):
        raise DataError(
            f"jitter={factor:g} leaves images of {height}×{width} as they are; "
            f"give at least {(min(height, width) + 1) / min(height, width):.4g}"
        )
    return JitterPixels(pixels, larger)
