"""The luma and chroma of JPEG files (ITU-R BT.601 in full range)."""

import torch
from torch import Tensor

__all__ = ["from_luma_chroma", "luma", "to_luma_chroma"]

RED, GREEN, BLUE = 0.299, 0.587, 0.114


def luma(image: Tensor) -> Tensor:
    """The brightness of the first three channels, or of fewer channels their mean; `(N, 1, H, W)`."""
    if image.shape[1] < 3:
        return image.mean(1, keepdim=True)
    return RED * image[:, 0:1] + GREEN * image[:, 1:2] + BLUE * image[:, 2:3]


def to_luma_chroma(image: Tensor) -> Tensor:
    """Red, green and blue `(N, 3, H, W)` → Y, Cb, Cr; chroma is 0 for gray."""
    y = luma(image)
    blue, red = (image[:, 2:3] - y) / (2 - 2 * BLUE), (image[:, 0:1] - y) / (2 - 2 * RED)
    return torch.cat([y, blue, red], dim=1)


def from_luma_chroma(image: Tensor) -> Tensor:
    """Y, Cb, Cr `(N, 3, H, W)` → red, green and blue."""
    y, blue, red = image.unbind(1)
    r, b = y + (2 - 2 * RED) * red, y + (2 - 2 * BLUE) * blue
    return torch.stack([r, (y - RED * r - BLUE * b) / GREEN, b], dim=1)
