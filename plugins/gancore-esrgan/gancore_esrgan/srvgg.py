"""The compact generator of Real-ESRGAN."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from gancore.component.part import field, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import whole
from gancore.errors import FitError
from gancore.nn.rectifier import LeakyReLU, ReLU
from gancore.standard.translators import Translator
from gancore_esrgan.scale import scale_between

__all__ = ["SRVGGNet"]

SLOPE = 0.1
"""The slope of `leakyrelu`."""
LARGEST = 16
"""The largest factor."""


@part("srvgg", tags=("translator", "piecewise-linear"))
class SRVGGNet(Translator):
    """3×3 convolutions at the size of the source, a pixel shuffle, and the source itself added to the result,
    its pixels repeated.

    The network `SRVGGNetCompact` of Real-ESRGAN's released code, which arXiv:2107.10833 does not describe: a
    convolution to `width` channels and `convs` more, each followed by the activation, then one that makes
    the scale² pixels of each place. Released are 16 convolutions for videos and 32 for photographs, with
    `prelu`, which learns a slope for each channel. Initial weights are PyTorch's, as in that code.

    The released networks read and make images in [0, 1]; the layers here do too, and `forward` converts from
    and to [-1, 1].

    `(N, *source)` in [-1, 1], of any size → `(N, C, H, W)` float32, 1 to 16 times as large.

    Raises:
        FactError: the source's shape is not known.
        FitError: the image is not a whole number of times as large as the source, or has other channels.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {"width": 4, "convs": 1, "source": (3, 4, 4), "image": (3, 16, 16)},
        {"width": 4, "convs": 2, "source": (1, 5, 4), "image": (1, 15, 12)},
    )
    size_multiple: ClassVar[int] = 1
    memory_format: ClassVar[torch.memory_format] = torch.channels_last

    width: int = field(default=64, validator=whole(1), help="channels of the maps")
    convs: int = field(default=16, validator=whole(0), help="convolutions between the first and the last")
    activation: Literal["prelu", "relu", "leakyrelu"] = field(
        default="prelu", help="after each convolution but the last; leakyrelu has the slope 0.1"
    )

    def build(self) -> None:
        """Makes the layers, in the order in which an image passes them."""
        self.scale = scale_between(self.source, self.image, range(1, LARGEST + 1), self.qualified_name)
        channels = self.image[0]
        if self.source[0] != channels:
            raise FitError(
                f"{self.qualified_name} adds the source to what it makes, but the source has "
                f"{self.source[0]} channels and the image {channels}; open both with the same channels"
            )
        sizes = [channels] + [self.width] * (self.convs + 1)
        inner = (self._activated(*pair) for pair in pairwise(sizes))
        last = nn.Conv2d(self.width, channels * self.scale**2, 3, padding=1)
        self.body = nn.Sequential(*(layer for layers in inner for layer in layers), last)

    def forward(self, code: Tensor) -> Tensor:
        """`(N, *source)` → `(N, C, H, W)`."""
        image = (code + 1) / 2  # in [0, 1]
        made = functional.pixel_shuffle(self.body(image), self.scale)  # (N, C·s², h, w) → (N, C, s·h, s·w)
        repeated = functional.interpolate(image, scale_factor=self.scale, mode="nearest")
        return 2 * (at_least_float32(made) + at_least_float32(repeated)) - 1

    def _activated(self, inputs: int, outputs: int) -> Sequence[nn.Module]:
        convolution = nn.Conv2d(inputs, outputs, 3, padding=1)
        if self.activation == "prelu":
            return [convolution, nn.PReLU(outputs)]
        if self.activation == "relu":
            return [convolution, ReLU(inplace=True)]
        return [convolution, LeakyReLU(SLOPE, inplace=True)]
