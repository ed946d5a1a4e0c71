"""The layers of ProGAN that the core does not have."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, linear

from gancore.component.precision import at_least_float32
from gancore.nn.equalized import EqualizedConv2d, EqualizedUpConv2d
from gancore.nn.minibatch_std import MinibatchStd
from gancore.nn.pixel_norm import pixel_norm
from gancore.nn.rectifier import leaky_relu

__all__ = ["DownBlock", "SampleStd", "Start", "UpBlock", "activated"]


def activated(x: Tensor, slope: float) -> Tensor:
    """Leaky ReLU, then pixelwise normalization, as after every convolution of the generator (section 4.2)."""
    return pixel_norm(leaky_relu(x, slope, inplace=True))


class Start(nn.Module):
    """The latent to the smallest map: table 2's 4×4 convolution of one padded pixel, a linear layer.

    He's constant is that of the convolution, √2 / √(inputs · h · w) (section 4.1). The bias is one for each
    channel, or with `bias_per_position` one for each value of the map.

    `(N, inputs)` → `(N, width, h, w)`.
    """

    def __init__(self, inputs: int, width: int, size: tuple[int, int], *, bias_per_position: bool) -> None:
        super().__init__()
        height, across = size
        self.shape = (width, height, across)
        self.weight = nn.Parameter(torch.randn(width * height * across, inputs))
        self.bias = nn.Parameter(torch.zeros(self.shape if bias_per_position else (width, 1, 1)))
        self.scale = math.sqrt(2 / (inputs * height * across))

    def forward(self, code: Tensor) -> Tensor:
        """`(N, inputs)` → `(N, width, h, w)`."""
        return linear(code * self.scale, self.weight).view(-1, *self.shape) + self.bias


class UpBlock(nn.Module):
    """Upsampling by repetition and two convolutions, each activated: three layers of table 2."""

    def __init__(self, inputs: int, outputs: int, slope: float) -> None:
        super().__init__()
        self.up = EqualizedUpConv2d(inputs, outputs)
        self.conv = EqualizedConv2d(outputs, outputs)
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs, H, W)` → `(N, outputs, 2H, 2W)`."""
        x = activated(self.up(x), self.slope)  # (N, outputs, 2H, 2W)
        return activated(self.conv(x), self.slope)


class DownBlock(nn.Module):
    """Two convolutions and averages of 2×2 values: three layers of table 2."""

    def __init__(self, inputs: int, outputs: int, slope: float) -> None:
        super().__init__()
        self.first = EqualizedConv2d(inputs, inputs)
        self.second = EqualizedConv2d(inputs, outputs)
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs, H, W)` → `(N, outputs, H/2, W/2)`."""
        x = leaky_relu(self.first(x), self.slope, inplace=True)  # (N, inputs, H, W)
        x = leaky_relu(self.second(x), self.slope, inplace=True)  # (N, outputs, H, W)
        return avg_pool2d(x, 2)


class SampleStd(MinibatchStd):
    """Minibatch standard deviation with the variance of a sample, that is divided by n - 1.

    As in facebookresearch/pytorch_GAN_zoo: a batch that is not made of whole groups is one group. The map of
    a single image is zero.

    `(N, C, H, W)` → `(N, C + 1, H, W)`.
    """

    def sizes(self, n: int) -> list[int]:
        """The whole batch."""
        return [n]

    def deviation(self, rows: Tensor) -> Tensor:
        """One number for each sample in `rows`."""
        n = len(rows)
        size = self.group if self.group and n % self.group == 0 else n
        if size == 1:
            return rows.new_zeros(n)
        groups = at_least_float32(rows.reshape(n // size, size, -1))
        deviation = (groups.var(1) + self.eps).sqrt().mean(1)
        return deviation.repeat_interleave(size)
