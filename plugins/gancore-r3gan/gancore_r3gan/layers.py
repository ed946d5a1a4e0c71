"""The layers of both networks: grouped bottlenecks without normalization, resampling, and 4×4 bases."""

import math

import torch
from torch import Tensor, nn

from gancore.nn.convolution import Conv2d, conv2d
from gancore.nn.rectifier import leaky_relu
from gancore.nn.upfirdn import Resample

__all__ = ["Bottleneck", "Down", "FromBasis", "ToBasis", "Up", "scaled"]

SLOPE = 0.2
GAIN = math.sqrt(2 / (1 + SLOPE**2))
"""He's gain of the leaky ReLU."""


def scaled(weight: Tensor, gain: float = 1.0) -> None:
    """Weights N(0, gain / √fan-in), the inputs of an output (He et al. 2015, arXiv:1502.01852, eq. 10)."""
    nn.init.normal_(weight, std=gain / math.sqrt(weight[0].numel()))


def conv(inputs: int, outputs: int, kernel: int = 1, groups: int = 1, gain: float = 1.0) -> Conv2d:
    """A convolution without bias that keeps the size."""
    made = Conv2d(inputs, outputs, kernel, padding=kernel // 2, groups=groups, bias=False)
    scaled(made.weight, gain)
    return made


class Biased(nn.Module):
    """Leaky ReLU of slope 0.2, after a convolution and a bias for each of its channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor, layer: Conv2d) -> Tensor:
        """`(N, inputs, H, W)` → `(N, C, H, W)`."""
        y = conv2d(x, layer.weight, self.bias, padding=layer.kernel_size[0] // 2, groups=layer.groups)
        return leaky_relu(y, SLOPE, inplace=True)


class Bottleneck(nn.Module):
    """x + W₃ σ(W₂ σ(W₁ x)): 1×1 to `expansion` times the channels, `groups` grouped 3×3, and 1×1 back.

    Paper: Huang et al. 2024, arXiv:2501.05441, section 3: no normalization; the last layer starts at zero and
    the others are scaled down by L^(-1/(2m - 2)) with L the blocks of the network and m = 3 layers in a
    branch (Fixup, Zhang et al. 2019, arXiv:1901.09321).

    `(N, C, H, W)` → the same shape.
    """

    def __init__(self, channels: int, groups: int, expansion: int, kernel: int, blocks: int) -> None:
        super().__init__()
        wide, gain = channels * expansion, GAIN * blocks**-0.25
        self.first = conv(channels, wide, gain=gain)
        self.first_bias = Biased(wide)
        self.second = conv(wide, wide, kernel, groups, gain)
        self.second_bias = Biased(wide)
        self.third = conv(wide, channels, gain=0.0)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` → the same shape."""
        h = self.first_bias(x, self.first)  # (N, wide, H, W)
        h = self.second_bias(h, self.second)
        y: Tensor = self.third(h)
        return y.add_(x)


class Up(nn.Module):
    """Changes the channels by a 1×1 convolution, if at all, and doubles the map.

    `(N, inputs, H, W)` → `(N, outputs, 2H, 2W)`.
    """

    def __init__(self, inputs: int, outputs: int, taps: tuple[float, ...]) -> None:
        super().__init__()
        self.layer = conv(inputs, outputs) if inputs != outputs else nn.Identity()
        self.resample = Resample(taps, up=2)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs, H, W)` → `(N, outputs, 2H, 2W)`."""
        y: Tensor = self.resample(self.layer(x))
        return y


class Down(nn.Module):
    """Halves the map, and changes the channels by a 1×1 convolution, if at all.

    `(N, inputs, H, W)` → `(N, outputs, H/2, W/2)`.
    """

    def __init__(self, inputs: int, outputs: int, taps: tuple[float, ...]) -> None:
        super().__init__()
        self.layer = conv(inputs, outputs) if inputs != outputs else nn.Identity()
        self.resample = Resample(taps, down=2)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs, H, W)` → `(N, outputs, H/2, W/2)`."""
        y: Tensor = self.layer(self.resample(x))
        return y


class FromBasis(nn.Module):
    """A learned map for each channel, times a number that is linear in the code.

    `(N, inputs)` → `(N, outputs, h, w)`.
    """

    def __init__(self, inputs: int, outputs: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.basis = nn.Parameter(torch.randn(outputs, *size))
        self.layer = nn.Linear(inputs, outputs, bias=False)
        scaled(self.layer.weight)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs)` → `(N, outputs, h, w)`."""
        scale: Tensor = self.layer(x)  # (N, outputs)
        return (last(self.basis) * scale[:, None, None]).permute(0, 3, 1, 2)


class ToBasis(nn.Module):
    """The product of each channel's map with a learned one, and a linear layer.

    `(N, inputs, h, w)` → `(N, outputs)`.
    """

    def __init__(self, inputs: int, outputs: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.basis = nn.Parameter(torch.empty(inputs, *size))
        scaled(self.basis)
        self.layer = nn.Linear(inputs, outputs, bias=False)
        scaled(self.layer.weight)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs, h, w)` → `(N, outputs)`."""
        rows = x.permute(0, 2, 3, 1)  # (N, h, w, inputs)
        y: Tensor = self.layer((rows * last(self.basis)).sum((1, 2)))
        return y


def last(basis: Tensor) -> Tensor:
    """The maps `(C, h, w)` with channels last in memory too, so that what is made of them, and its gradient,
    are in channels_last as all other maps: mixed layouts are several times slower.
    """
    return basis.permute(1, 2, 0).contiguous()


def filter_of(taps: tuple[float, ...]) -> tuple[float, ...]:
    """The filter of a step by two: the taps, each spread over the two samples that it lies between."""
    return tuple(a + b for a, b in zip((*taps, 0.0), (0.0, *taps), strict=True))
