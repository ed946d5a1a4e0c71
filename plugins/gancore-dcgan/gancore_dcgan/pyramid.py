"""The sizes of the feature maps, and their first weights: what the generator and the discriminator share."""

import math

from torch import nn

from gancore.component.interfaces import ImageShape
from gancore.errors import FactError

WIDEST = 8
"""The most channels a layer has, in widths: the paper's 1024 at width 128."""


def smallest_map(image: ImageShape, address: str) -> tuple[int, int]:
    """Height and width of the map that one number after the other is projected to: the shorter side is 4.

    Raises:
        FactError: a side is no power of two, or under 16.
    """
    _, height, width = image
    if min(height, width) < 16 or any(side & (side - 1) for side in (height, width)):
        raise FactError(
            f"{address} needs sides that are powers of two from 16 up; "
            f"got {height}×{width}: resize the images, say to 64×64"
        )
    scale = min(height, width) // 4
    return height // scale, width // scale


def channels(image: ImageShape, width: int) -> list[int]:
    """Channels of the maps from the smallest to the largest hidden one; each doubling of the size halves
    them, down to `width`.
    """
    doublings = int(math.log2(min(image[1:]) // 4))
    return [width * min(2**i, WIDEST) for i in reversed(range(doublings))]


def published_weights(layers: nn.Module) -> None:
    """Convolutions N(0, 0.02), section 4; batch normalization N(1, 0.02) and 0, as the PyTorch example reads
    it.
    """
    for layer in layers.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, 0.0, 0.02)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, 0.02)
            nn.init.zeros_(layer.bias)


def variance_keeping_weights(layers: nn.Module) -> None:
    """N(0, 2 / inputs of an output) and no bias (He et al. 2015, arXiv:1502.01852, eq. 10): what
    normalization would do otherwise.
    """
    for layer in layers.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, 0.0, math.sqrt(2 / (layer.in_channels * _taps(layer))))
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def _taps(layer: nn.Conv2d | nn.ConvTranspose2d) -> int:
    """Positions that an output sees: a transposed convolution spreads its kernel, over a whole map when it
    projects a 1×1 one.
    """
    if isinstance(layer, nn.Conv2d):
        return math.prod(layer.kernel_size)
    return math.prod(layer.kernel_size) // math.prod(layer.stride) if any(layer.padding) else 1
