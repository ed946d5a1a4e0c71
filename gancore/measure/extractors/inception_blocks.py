"""The blocks of the Inception network of 2015; layers have the names of the published weights."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Sizes = int | tuple[int, int]


class NormedConv(nn.Module):
    """A convolution without bias, batch norm, and a rectifier."""

    def __init__(self, read: int, made: int, kernel: Sizes, *, stride: int = 1, padding: Sizes = 0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(read, made, kernel, stride=stride, padding=padding, bias=False)
        self.bn = nn.BatchNorm2d(made, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` → `(N, made, H', W')`."""
        return F.relu(self.bn(self.conv(x)), inplace=True)


def _across(read: int, made: int) -> NormedConv:
    return NormedConv(read, made, (1, 7), padding=(0, 3))


def _along(read: int, made: int) -> NormedConv:
    return NormedConv(read, made, (7, 1), padding=(3, 0))


def _neighborhood_mean(x: Tensor) -> Tensor:
    """The mean of 3×3 neighbors; at the border, of those that exist."""
    return F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)


class MixedA(nn.Module):
    """Four branches at 35×35: 1×1, 5×5, two 3×3, pooled (Szegedy et al. 2015, figure 5). 64 + 64 + 96 +
    `pooled` channels.
    """

    def __init__(self, read: int, pooled: int) -> None:
        super().__init__()
        self.branch1x1 = NormedConv(read, 64, 1)
        self.branch5x5_1 = NormedConv(read, 48, 1)
        self.branch5x5_2 = NormedConv(48, 64, 5, padding=2)
        self.branch3x3dbl_1 = NormedConv(read, 64, 1)
        self.branch3x3dbl_2 = NormedConv(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = NormedConv(96, 96, 3, padding=1)
        self.branch_pool = NormedConv(read, pooled, 1)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, read, H, W)` → `(N, 224 + pooled, H, W)`."""
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat(
            [
                self.branch1x1(x),
                self.branch5x5_2(self.branch5x5_1(x)),
                double,
                self.branch_pool(_neighborhood_mean(x)),
            ],
            1,
        )


class MixedB(nn.Module):
    """From 35×35 to 17×17. 384 + 96 + `read` channels."""

    def __init__(self, read: int) -> None:
        super().__init__()
        self.branch3x3 = NormedConv(read, 384, 3, stride=2)
        self.branch3x3dbl_1 = NormedConv(read, 64, 1)
        self.branch3x3dbl_2 = NormedConv(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = NormedConv(96, 96, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, read, H, W)` → `(N, 480 + read, H/2, W/2)`, rounded down."""
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch3x3(x), double, F.max_pool2d(x, 3, stride=2)], 1)


class MixedC(nn.Module):
    """Four branches at 17×17 of 1×7 and 7×1 convolutions (figure 6) with `width` inner channels; 4 · 192
    channels.
    """

    def __init__(self, read: int, width: int) -> None:
        super().__init__()
        self.branch1x1 = NormedConv(read, 192, 1)
        self.branch7x7_1, self.branch7x7_2, self.branch7x7_3 = (
            NormedConv(read, width, 1),
            _across(width, width),
            _along(width, 192),
        )
        self.branch7x7dbl_1, self.branch7x7dbl_2 = NormedConv(read, width, 1), _along(width, width)
        self.branch7x7dbl_3, self.branch7x7dbl_4 = _across(width, width), _along(width, width)
        self.branch7x7dbl_5 = _across(width, 192)
        self.branch_pool = NormedConv(read, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, read, H, W)` → `(N, 768, H, W)`."""
        single = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        return torch.cat([self.branch1x1(x), single, double, self.branch_pool(_neighborhood_mean(x))], 1)


class MixedD(nn.Module):
    """From 17×17 to 8×8. 320 + 192 + `read` channels."""

    def __init__(self, read: int) -> None:
        super().__init__()
        self.branch3x3_1, self.branch3x3_2 = NormedConv(read, 192, 1), NormedConv(192, 320, 3, stride=2)
        self.branch7x7x3_1, self.branch7x7x3_2 = NormedConv(read, 192, 1), _across(192, 192)
        self.branch7x7x3_3, self.branch7x7x3_4 = _along(192, 192), NormedConv(192, 192, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, read, H, W)` → `(N, 512 + read, H/2, W/2)`, rounded down."""
        long = self.branch7x7x3_4(self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x))))
        return torch.cat([self.branch3x3_2(self.branch3x3_1(x)), long, F.max_pool2d(x, 3, stride=2)], 1)


class MixedE(nn.Module):
    """Four branches at 8×8, two of which split into 1×3 and 3×1 (figure 7). 320 + 768 + 768 + 192 channels.

    `pool` is the pooling of the last branch: in the published network, the mean of the neighbors in the first
    of these blocks, their maximum in the second.
    """

    def __init__(self, read: int, pool: Literal["mean", "maximum"]) -> None:
        super().__init__()
        self.pool = pool
        self.branch1x1 = NormedConv(read, 320, 1)
        self.branch3x3_1 = NormedConv(read, 384, 1)
        self.branch3x3_2a, self.branch3x3_2b = _row(384), _column(384)
        self.branch3x3dbl_1, self.branch3x3dbl_2 = (
            NormedConv(read, 448, 1),
            NormedConv(448, 384, 3, padding=1),
        )
        self.branch3x3dbl_3a, self.branch3x3dbl_3b = _row(384), _column(384)
        self.branch_pool = NormedConv(read, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, read, H, W)` → `(N, 2048, H, W)`."""
        single, double = self.branch3x3_1(x), self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        split = [
            self.branch3x3_2a(single),
            self.branch3x3_2b(single),
            self.branch3x3dbl_3a(double),
            self.branch3x3dbl_3b(double),
        ]
        pooled = _neighborhood_mean(x) if self.pool == "mean" else F.max_pool2d(x, 3, stride=1, padding=1)
        return torch.cat([self.branch1x1(x), *split, self.branch_pool(pooled)], 1)


def _row(width: int) -> NormedConv:
    return NormedConv(width, width, (1, 3), padding=(0, 1))


def _column(width: int) -> NormedConv:
    return NormedConv(width, width, (3, 1), padding=(1, 0))
