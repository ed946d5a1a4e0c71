"""The layers of VQGAN's encoder and decoder."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from gancore.nn.attention import places

__all__ = ["Attention", "Down", "ResidualBlock", "Up", "ending", "norm"]

EPSILON = 1e-6


def norm(channels: int, groups: int) -> nn.GroupNorm:
    """Group normalization (Wu & He 2018, arXiv:1803.08494), with ε = 1e-6 as in the released code."""
    return nn.GroupNorm(groups, channels, eps=EPSILON)


def ending(channels: int, outputs: int, groups: int) -> list[nn.Module]:
    """Normalization, swish, and a 3×3 convolution."""
    return [norm(channels, groups), nn.SiLU(), nn.Conv2d(channels, outputs, 3, padding=1)]


class ResidualBlock(nn.Module):
    """Twice normalization, swish and a 3×3 convolution, with a shortcut around them: a 1×1 convolution where
    the number of channels changes.

    `(N, inputs, H, W)` → `(N, outputs, H, W)`.
    """

    def __init__(self, inputs: int, outputs: int, groups: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(*ending(inputs, outputs, groups), *ending(outputs, outputs, groups))
        self.shortcut = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs, H, W)` → `(N, outputs, H, W)`."""
        y: Tensor = self.shortcut(x) + self.layers(x)
        return y


class Attention(nn.Module):
    """Adds to each position the values of all positions, weighted by how well their keys match its query, of
    the normalized map, with one head as wide as the map.

    `(N, C, H, W)` → the same shape.
    """

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.norm = norm(channels, groups)
        self.query, self.key, self.value, self.out = (nn.Conv2d(channels, channels, 1) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` → the same shape."""
        n, channels, height, width = x.shape
        h = self.norm(x)
        query, key, value = places(self.query(h)), places(self.key(h)), places(self.value(h))  # (N, H·W, C)
        matches = query @ key.transpose(1, 2) / math.sqrt(channels)  # (N, H·W, H·W)
        gathered = torch.softmax(matches, 2).to(value.dtype) @ value  # (N, H·W, C)
        y: Tensor = x + self.out(gathered.reshape(n, height, width, channels).permute(0, 3, 1, 2))
        return y


class Down(nn.Module):
    """A 3×3 convolution of stride 2 over a map with one row and one column of zeros behind its ends.

    `(N, C, H, W)` → `(N, C, H/2, W/2)`.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` → `(N, C, H/2, W/2)`."""
        y: Tensor = self.conv(functional.pad(x, (0, 1, 0, 1)))
        return y


class Up(nn.Module):
    """Repeats each pixel 2×2 times, then a 3×3 convolution. `(N, C, H, W)` → `(N, C, 2H, 2W)`."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` → `(N, C, 2H, 2W)`."""
        y: Tensor = self.conv(functional.interpolate(x, scale_factor=2.0, mode="nearest"))
        return y
