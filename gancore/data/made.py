"""A domain made from another one: gray, edges, or smaller."""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

import attrs
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from gancore.data.fitting import LUMA
from gancore.data.options import FACTORS
from gancore.data.pixels import AnyPixels, Indices, Marks
from gancore.errors import DataError

Make = Callable[[Tensor], Tensor]


def gray(images: Tensor) -> Tensor:
    """RGB `(N, 3, H, W)` in [-1, 1] → ITU-R 601 luma `(N, 1, H, W)` of 256 levels: that of `channels=1`."""
    levels = images.mul(127.5).add_(127.5).round_()
    red, green, blue = (float(weight) for weight in LUMA)  # sums below 2²⁴, exact in float32
    luma = levels[:, :1].mul(red).add_(levels[:, 1:2], alpha=green).add_(levels[:, 2:], alpha=blue)
    return luma.add_(32768).div_(65536).floor_().div_(127.5).sub_(1)


def edges(images: Tensor) -> Tensor:
    """The range of each 3×3 neighborhood of gray, `(N, 1 or 3, H, W)` in [-1, 1] → `(N, 1, H, W)`, -1 where
    all is flat: the morphological gradient.
    """
    one = images if images.shape[1] == 1 else gray(images)
    return _of_neighbors(one, torch.maximum) - _of_neighbors(one, torch.minimum) - 1


def _of_neighbors(images: Tensor, extreme: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """The extreme of each 3×3 neighborhood, along one axis after the other; pooling would take longer."""
    for axis in (2, 3):
        found, last = images.clone(), images.shape[axis] - 1
        for part, neighbors in ((1, 0), (0, 1)):
            shown = found.narrow(axis, part, last)
            shown.copy_(extreme(shown, images.narrow(axis, neighbors, last)))
        images = found
    return images


def smaller(images: Tensor, factor: int) -> Tensor:
    """Bicubic with antialiasing, `(N, C, H, W)` in [-1, 1] → `(N, C, H/factor, W/factor)` of 256 levels."""
    size = [side // factor for side in images.shape[2:]]
    return levels_of(interpolate(images, size, mode="bicubic", antialias=True, align_corners=False))


def levels_of(images: Tensor) -> Tensor:
    """Rounded to the 256 levels of a file, halves up, with values beyond [-1, 1] cut off."""
    return (images.clamp(-1, 1) * 127.5 + 128).floor_().div_(127.5).sub_(1)


MAKE: dict[str, Make] = {
    "gray": gray,
    "edges": lambda images: levels_of(edges(images)),
    **{name: partial(smaller, factor=factor) for name, factor in FACTORS.items()},
}
"""What `source_from` makes a domain by."""


@attrs.define(frozen=True, eq=False, slots=False)
class MadePixels:
    """What `how` makes of other pixels, whenever they are shown, of the very piece that is shown.

    Raises:
        DataError: it cannot be made of such images.
    """

    of: AnyPixels
    how: str
    depth: ClassVar[str] = "8 bit"

    def __attrs_post_init__(self) -> None:
        channels, *sides = self.of.image
        if channels not in (1, 3):
            raise DataError(
                f"{self.how} is made of gray or RGB images, but these have {channels} channels; "
                "give --channels 3, or 1 for gray ones"
            )
        if self.how == "gray" and channels == 1:
            raise DataError("the images are gray already; give --channels 3 with color images, or edges")
        factor = FACTORS.get(self.how, 1)
        if any(side % factor for side in sides):
            whole = "x".join(str(max(1, side // factor) * factor) for side in sides)
            raise DataError(
                f"{self.how} needs sides that are multiples of {factor}, but the images are "
                f"{'×'.join(map(str, sides))}; give --size {whole}"
            )

    def __len__(self) -> int:
        return len(self.of)

    @property
    def placed(self) -> bool:
        """As the others are."""
        return self.of.placed

    @property
    def image(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        (channels, height, width), factor = self.of.image, FACTORS.get(self.how)
        return (1, height, width) if factor is None else (channels, height // factor, width // factor)

    @property
    def identity(self) -> str:
        """What is made, and the identity of the others."""
        return f"{self.how} of {self.of.identity}"

    def gather(self, indices: Indices, mirrored: Marks, places: Indices | None = None) -> Tensor:
        """Images (N, C, H, W) float32 in [-1, 1], made of what the others gather."""
        return MAKE[self.how](self.of.gather(indices, mirrored, places))
