"""What images made of others would be if nothing were made of them: the sources, in the shape of targets."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from gancore.component.interfaces import ImageShape
from gancore.data.made import gray
from gancore.measure.sets import CHUNK, ImageSet, eight_bit


class IdentityImages:
    """The first `count` of some images (or all), brought to another shape by `in_shape`."""

    labels = None

    def __init__(self, images: ImageSet, image: ImageShape, count: int | None = None) -> None:
        self.images, self.image = images, image
        self.count = len(images) if count is None else min(count, len(images))
        shape = "x".join(map(str, image))
        self.key = f"{images.key}-as-{shape}-{self.count}" if images.key else ""
        self.facts: dict[str, Any] = {**images.facts, "count": self.count, "image": list(image)}

    def __len__(self) -> int:
        return self.count

    @property
    def what(self) -> str:
        """The images in words."""
        (_, *given), (_, *size) = self.images.image, self.image
        resized = given != size
        return f"sources, resized to {size[0]}×{size[1]} by bicubic" if resized else "sources as they are"

    def batches(self) -> Iterator[Tensor]:
        """All images in order, some at a time."""
        for part in torch.split(torch.arange(self.count), CHUNK):
            yield self.rows(part)

    def rows(self, indices: Tensor) -> Tensor:
        """Some images."""
        return eight_bit(in_shape(self.images.rows(indices), self.image))


def has_identity(source: ImageShape, target: ImageShape) -> bool:
    """Whether images of one shape can be shown in the other: both have at most 4 channels."""
    return max(source[0], target[0]) <= 4


def in_shape(images: Tensor, image: ImageShape) -> Tensor:
    """Images `(N, 1 to 4, H, W)` in [-1, 1] as others of shape `image`: bicubic with antialiasing where the
    size differs, gray or RGB as that of the target, alpha on white or opaque.
    """
    channels, *size = image
    same = images if images.shape[1] == channels else _channels(images, channels)
    if list(images.shape[2:]) == size:
        return same
    return interpolate(same, size, mode="bicubic", antialias=True, align_corners=False).clamp(-1, 1)


def _channels(images: Tensor, channels: int) -> Tensor:
    if images.shape[1] in (2, 4):
        color, alpha = images[:, :-1], (images[:, -1:] + 1) / 2
        images = color * alpha + (1 - alpha)
    wanted = 1 if channels < 3 else 3
    if images.shape[1] != wanted:
        images = gray(images) if wanted == 1 else images.expand(-1, 3, -1, -1)
    opaque = torch.ones_like(images[:, :1])
    return torch.cat([images, opaque], 1) if channels in (2, 4) else images
