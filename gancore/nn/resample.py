"""Finite impulse response filters, alone or with a change of size.

A short filter is a depthwise convolution in channels_last, the fastest form on a CPU at the sizes of feature maps; a long one goes along
the rows and the columns in turn. Where the size goes up and down at once, banded matrices skip what would be thrown away. All forms
differentiate any number of times.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["BINOMIAL", "Resample", "resampling_matrix"]

BINOMIAL = (1.0, 2.0, 1.0)
SHORT = 4
"""Up to so many taps one square kernel is faster than two passes."""


class Resample(nn.Module):
    """Puts `up` - 1 zeros between samples, convolves rows and columns with `taps`, and keeps each `down`-th sample.

    Taps are normalised to a sum of `up`, so that a constant image stays constant away from the border, beyond which are zeros. The
    output is centred on the input. `(N, C, H, W)` → `(N, C, H·up/down, W·up/down)`. A bias `(C,)` may be added on the way, for nothing.

    Raises:
        ValueError: there are fewer taps than `up` or `down`, so that samples would be lost, or they sum to zero.
    """

    kernels: list[Tensor]

    def __init__(self, taps: Sequence[float] = BINOMIAL, *, up: int = 1, down: int = 1) -> None:
        super().__init__()
        if len(taps) < max(up, down) or up < 1 or down < 1 or sum(taps) == 0:
            raise ValueError(f"{len(taps)} taps {list(taps)} cannot resample by {up}/{down}: give at least {max(up, down)}, of sum not 0")
        self.up, self.down = up, down
        row = torch.tensor(taps, dtype=torch.float64)
        # kept in float64 where the module is: rounded taps would limit its accuracy
        self.register_buffer("taps", (row * (up / row.sum())).to(torch.get_default_dtype()), persistent=False)

    def forward(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        if self.up > 1 and self.down > 1:
            y = self._banded(x)
            return y if bias is None else y + bias.reshape(1, -1, 1, 1)
        steps = self._kernels(x)
        for kernel, last in steps:
            x = self._convolve(x, kernel, bias if last else None)
        return x
