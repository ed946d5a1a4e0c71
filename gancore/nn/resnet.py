"""The residual networks that GANs of 2017 and 2018 share: blocks between a small map and the image.

Papers: Gulrajani et al. 2017 (WGAN-GP), arXiv:1704.00028, appendix F; Miyato et al. 2018 (SNGAN),
arXiv:1802.05957, tables 4 to 6; Zhang et al. 2018 (SAGAN), arXiv:1805.08318.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from gancore.component.interfaces import ImageShape
from gancore.errors import FactError
from gancore.nn.attention import SelfAttention
from gancore.nn.convolution import Conv2d
from gancore.nn.initializers import xavier_weights
from gancore.nn.pyramid import doublings, halvings, smallest_map
from gancore.nn.rectifier import relu
from gancore.nn.residual import ResidualBlock

__all__ = ["Pooling", "ResNetDown", "ResNetUp", "Upsampling", "down_plan", "up_widths"]

Upsampling = Literal["nearest", "bilinear"]
Pooling = Literal["sum", "mean"]
Make = Callable[..., nn.Module]
SMALL = 32
"""Up to this shorter side all maps have the same number of channels, as published for CIFAR-10."""
FINEST, WIDEST = 64, 1024
"""Channels of the map next to the image, and the most, as published for larger images."""


def up_widths(image: ImageShape, address: str, small: int = 256) -> tuple[int, ...]:
    """Published channels of a generator's maps, from the smallest on: `small` for all up to 32 pixels; else
    64 next to the image, doubled with each halving up to 1024.

    Raises:
        FactError: the image is not a map with a shorter side of 4 to 7 times a power of two.
    """
    count = doublings(image, address)
    if min(image[1:]) <= SMALL:
        return (small,) * (count + 1)
    return tuple(min(FINEST << i, WIDEST) for i in range(count, -1, -1))


def down_plan(image: ImageShape, address: str, small: int = 128) -> tuple[tuple[int, ...], int]:
    """Published channels of a discriminator's blocks, from the image on, and how many of the first blocks
    halve the map: up to 32 pixels 4 blocks of `small`, of which 2; at 64 pixels 64 to 1024, all 5; else 64
    doubled up to 1024 down to a map of 3 to 7, and one block more.

    Raises:
        FactError: the image cannot be halved that often.
    """
    _, height, width = image
    count = 2 if min(height, width) <= SMALL else halvings(height, width, 3)
    widths = tuple(min(FINEST << i, WIDEST) for i in range(count + 1))
    if min(height, width) <= SMALL:
        widths = (small,) * 4
    elif min(height, width) == 64:
        count += 1
    check_halvings(image, count, address)
    return widths, count


def check_halvings(image: ImageShape, count: int, address: str) -> None:
    """Raises FactError if a side cannot be halved so often without a remainder."""
    _, height, width = image
    if count > max(height, width).bit_length() or height % 2**count or width % 2**count:
        multiple = 2**count if count < 32 else f"2^{count}"  # which may be no number that fits into memory
        raise FactError(
            f"{address} halves images {count} times, so their sides must be multiples of {multiple}; got "
            f"{height}×{width}: resize the images"
        )


def attention_size(image: ImageShape) -> int:
    """The shorter side of the maps that attend, where none is given: 32, or half the image's if that is
    smaller (Zhang et al. 2018, arXiv:1805.08318, table 1: the lowest FID at 32 of 128).
    """
    return min(32, min(image[1:]) // 2)


class ResNetUp(nn.Module):
    """A vector becomes a small map, which residual blocks double up to the image.

    Args:
        latent: length of the vector.
        image: shape `(C, H, W)` of one image.
        widths: channels of the maps, from the smallest on; one more than doublings.
        norm: makes the normalization in the blocks; what it is given in `forward` are the conditions.
        conv, linear: make the layers, as `SpectralConv2d`.
        upsampling: what doubles a map.
        attention: shorter side of the maps after which self-attention is inserted; 0 for none.

    `(N, latent)` and conditions → `(N, C, H, W)` in (-1, 1).
    """

    def __init__(
        self,
        latent: int,
        image: ImageShape,
        widths: Sequence[int],
        address: str,
        *,
        norm: Callable[[int], nn.Module] = nn.BatchNorm2d,
        conv: Make = Conv2d,
        linear: Make = nn.Linear,
        upsampling: Upsampling = "nearest",
        attention: int = 0,
    ) -> None:
        super().__init__()
        count = doublings(image, address)
        if len(widths) != count + 1:
            raise FactError(
                f"{address} needs {count + 1} widths for images of {image[1]}×{image[2]}, one for each map "
                f"from the smallest on; got {list(widths)}"
            )
        self.small = (widths[0], *smallest_map(image, address))
        self.start = linear(latent, self.small[0] * self.small[1] * self.small[2])
        self.blocks = nn.ModuleList(
            ResidualBlock(fewer, more, norm=norm, conv=conv, up=doubling(upsampling))
            for fewer, more in pairwise(widths)
        )
        self.attention, self.place = _attention(widths[1:], _sizes(image, count), attention, conv, address)
        self.norm = nn.BatchNorm2d(widths[-1])
        self.to_image = conv(widths[-1], image[0], 3, padding=1)
        initialize(self)

    def forward(self, x: Tensor, *conditions: Tensor) -> Tensor:
        """`(N, latent)` → `(N, C, H, W)` in (-1, 1)."""
        x = self.start(x).reshape(len(x), *self.small)  # (N, widths[0], h, w)
        for i, block in enumerate(self.blocks):
            x = block(x, *conditions)  # (N, widths[i + 1], 2h, 2w)
            if i == self.place:
                x = self.attention(x)
        image: Tensor = torch.tanh(self.to_image(relu(self.norm(x), inplace=True)))  # (N, C, H, W)
        return image


class ResNetDown(nn.Module):
    """Residual blocks halve an image down to a small map, whose channels are summed, or averaged, over all
    places.

    Args:
        image: shape `(C, H, W)` of one image.
        widths: channels after each block, from the image on.
        count: how many of the first blocks halve the map.
        conv: makes the convolutions.
        pooling: `sum` (SNGAN) or `mean` (WGAN-GP).
        activated_shortcut: whether shortcuts take the activated input; see `ResidualBlock`.
        attention: shorter side of the maps after which self-attention is inserted; 0 for none.

    `(N, C, H, W)` → `(N, widths[-1])`.
    """

    def __init__(
        self,
        image: ImageShape,
        widths: Sequence[int],
        count: int,
        address: str,
        *,
        conv: Make = Conv2d,
        pooling: Pooling = "sum",
        activated_shortcut: bool = False,
        attention: int = 0,
    ) -> None:
        super().__init__()
        check_halvings(image, count, address)
        self.blocks = nn.ModuleList(
            ResidualBlock(
                fewer,
                more,
                hidden=fewer if i else more,
                conv=conv,
                down=nn.AvgPool2d(2) if i < count else None,
                preactivation=i > 0,
                activated_shortcut=activated_shortcut and i > 0,
            )
            for i, (fewer, more) in enumerate(pairwise((image[0], *widths)))
        )
        sizes = [min(image[1:]) >> min(i + 1, count) for i in range(len(widths))]
        self.attention, self.place = _attention(widths, sizes, attention, conv, address)
        self.mean = pooling == "mean"
        initialize(self)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` → `(N, widths[-1])`."""
        for i, block in enumerate(self.blocks):
            x = block(x)  # (N, widths[i], h, w)
            if i == self.place:
                x = self.attention(x)
        x = relu(x)
        return x.mean((2, 3)) if self.mean else x.sum((2, 3))


def doubling(upsampling: Upsampling) -> nn.Module:
    """What doubles a map; bilinear without aligned corners."""
    return nn.Upsample(scale_factor=2, mode=upsampling)


def initialize(network: nn.Module) -> None:
    """Weights of Glorot & Bengio 2010, uniform, with gain √2 before an activation, as in SNGAN's code."""
    xavier_weights(network)
    for block in network.modules():
        if isinstance(block, ResidualBlock):
            xavier_weights(block.conv1, 2**0.5)
            xavier_weights(block.conv2, 2**0.5)


def _sizes(image: ImageShape, count: int) -> list[int]:
    return [min(image[1:]) >> i for i in range(count - 1, -1, -1)]


def _attention(
    widths: Sequence[int], sizes: Sequence[int], size: int, conv: Make, address: str
) -> tuple[nn.Module, int]:
    """Self-attention after the first block that has maps of this size, and the place of the block."""
    if not size:
        return nn.Identity(), -1
    if not sizes:
        raise FactError(
            f"{address} makes these images without a map that is doubled, so none can attend; "
            "set attention to 0, or give larger images, as 32×32"
        )
    if size not in sizes:
        raise FactError(
            f"{address} has maps with a shorter side of {', '.join(map(str, dict.fromkeys(sizes)))}, so "
            f"attention cannot be at {size}; choose one of them, or another size of images"
        )
    place = list(sizes).index(size)
    return SelfAttention(widths[place], conv=conv), place
