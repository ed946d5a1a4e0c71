"""Blurs against aliasing: before a map is halved, and after it is doubled."""

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from gancore.nn.upfirdn import Step, filtered

__all__ = ["Blur", "BlurPool", "BlurUpsample"]


class Blur(nn.Module):
    """Pads a map by one pixel and filters each channel with the outer product of `taps`; a subclass says how
    it is padded, and at which step. The output has the dtype of the input, also under autocast.
    """

    kernel: Tensor
    taps: ClassVar[Sequence[float]]
    gain: ClassVar[float] = 1.0
    """The sum of the filter."""
    padding: ClassVar[str]
    step: ClassVar[Step]

    def __init__(self) -> None:
        super().__init__()
        row = torch.tensor(self.taps, dtype=torch.float32) / sum(self.taps)
        self.register_buffer("kernel", (row[:, None] * row * self.gain)[None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` → the filtered map."""
        with torch.autocast(x.device.type, enabled=False):
            padded = functional.pad(x, (1, 1, 1, 1), mode=self.padding)  # (N, C, H + 2, W + 2)
            return filtered(padded, self.kernel, None, self.step)


class BlurPool(Blur):
    """Blurs a map with (1, 2, 1) along rows and columns, reflected at the border, and keeps every second
    pixel.

    Paper: Zhang 2019 ("Making Convolutional Networks Shift-Invariant Again"), arXiv:1904.11486, section 3;
    filter and border are those of the published code of Park et al. 2020 (CUT), arXiv:2007.15651.
    `(N, C, H, W)` → `(N, C, ⌈H/2⌉, ⌈W/2⌉)`; sides are at least 2.
    """

    taps: ClassVar[Sequence[float]] = (1.0, 2.0, 1.0)
    padding: ClassVar[str] = "reflect"
    step: ClassVar[Step] = Step((2, 2), (0, 0))


class BlurUpsample(Blur):
    """Puts zeros between pixels and blurs with (1, 3, 3, 1) along rows and columns; beyond the border the map
    goes on as it ends.

    The filter and its border are those of the published code of Park et al. 2020 (CUT), arXiv:2007.15651,
    beside the blurs of Zhang 2019, arXiv:1904.11486. These are the weights of bilinear interpolation.
    `(N, C, H, W)` → `(N, C, 2H, 2W)`.
    """

    taps: ClassVar[Sequence[float]] = (1.0, 3.0, 3.0, 1.0)
    gain: ClassVar[float] = 4.0
    padding: ClassVar[str] = "replicate"
    step: ClassVar[Step] = Step((2, 2), (3, 3), transposed=True)
