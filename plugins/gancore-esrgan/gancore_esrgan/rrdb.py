"""RRDBNet, the generator of ESRGAN and Real-ESRGAN."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from gancore.component.part import field, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import whole
from gancore.nn.initializers import he_weights
from gancore.nn.rectifier import leaky_relu
from gancore.standard.translators import Translator
from gancore_esrgan.scale import scale_between

__all__ = ["RRDBNet"]

SLOPE = 0.2
"""The slope of the leaky rectifiers."""
RESIDUAL = 0.2
"""The factor β on what a residual connection adds."""
SHRINK = 0.1
"""The factor on the initial weights of the dense blocks."""
UNSHUFFLED = {4: 1, 2: 2, 1: 4}
"""By what the source is pixel-unshuffled, for each factor between source and image."""


@part("rrdb", tags=("translator", "piecewise-linear"))
class RRDBNet(Translator):
    """Residual-in-residual dense blocks at the size of the source, then two upsamplings by 2; reads a source
    image and makes one 4, 2 or 1 times as large.

    Paper: Wang et al. 2018 (ESRGAN), arXiv:1809.00219, section 3.1, fig. 4: 23 blocks of three dense blocks
    of five 3×3 convolutions, without normalization, each residual scaled by β = 0.2; initial weights of the
    dense blocks are a tenth of He et al.'s. Width 64, growth 32, leaky rectifiers of slope 0.2 and nearest
    upsampling before a convolution are those of the released code. Wang et al. 2021 (Real-ESRGAN),
    arXiv:2107.10833, section 3.4: for factors 2 and 1 the source is pixel-unshuffled by 2 and 4 first, so
    that the blocks work at the same size. With 3 channels at ×4 there are 16,697,987 weights.

    The released networks read and make images in [0, 1]; the layers here do too, and `forward` converts from
    and to [-1, 1].

    `(N, *source)` in [-1, 1], of any size that is a multiple of the unshuffling → `(N, C, H, W)` float32. The
    channels of source and image may differ.

    Raises:
        FactError: the source's shape is not known.
        FitError: the image is not 1, 2 or 4 times as large as the source.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {"width": 4, "growth": 2, "blocks": 1, "source": (3, 4, 4), "image": (3, 16, 16)},
        {"width": 4, "growth": 2, "blocks": 1, "source": (3, 4, 6), "image": (1, 8, 12)},
        {"width": 4, "growth": 2, "blocks": 1, "source": (2, 8, 8), "image": (2, 8, 8)},
    )
    memory_format: ClassVar[torch.memory_format] = torch.channels_last

    width: int = field(default=64, validator=whole(1), help="channels of the maps between blocks")
    growth: int = field(default=32, validator=whole(1), help="channels that each dense convolution adds")
    blocks: int = field(default=23, validator=whole(1), help="residual-in-residual dense blocks")

    @property
    def size_multiple(self) -> int:  # type: ignore[override]
        """By what the source is unshuffled: any size at ×4, multiples of 2 at ×2 and of 4 at ×1."""
        return UNSHUFFLED[self.scale]

    def build(self) -> None:
        """Makes the layers in the order of fig. 4."""
        self.scale = scale_between(self.source, self.image, UNSHUFFLED, self.qualified_name)
        width, reads = self.width, self.source[0] * UNSHUFFLED[self.scale] ** 2
        self.first = _conv(reads, width)
        self.body = nn.Sequential(*(Block(width, self.growth) for _ in range(self.blocks)))
        self.after_body = _conv(width, width)
        self.up1, self.up2 = _conv(width, width), _conv(width, width)
        self.high, self.last = _conv(width, width), _conv(width, self.image[0])

    def forward(self, code: Tensor) -> Tensor:
        """`(N, *source)` → `(N, C, H, W)`."""
        x = functional.pixel_unshuffle((code + 1) / 2, self.size_multiple)  # (N, C'·u², h/u, w/u), in [0, 1]
        x = self.first(x)  # (N, width, h/u, w/u)
        x = x + self.after_body(self.body(x))
        for up in (self.up1, self.up2):  # (N, width, 4h/u, 4w/u)
            x = leaky_relu(up(functional.interpolate(x, scale_factor=2, mode="nearest")), SLOPE, inplace=True)
        x = self.last(leaky_relu(self.high(x), SLOPE, inplace=True))  # (N, C, 4h/u, 4w/u)
        return 2 * at_least_float32(x) - 1

    def last_layer(self) -> Tensor:
        """The weight of the convolution that makes the image."""
        return self.last.weight


class Block(nn.Module):
    """The RRDB: three dense blocks, and a residual connection around them.

    Paper: arXiv:1809.00219, fig. 4, with β = 0.2.
    """

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.dense = nn.Sequential(*(DenseBlock(width, growth) for _ in range(3)))

    def forward(self, x: Tensor) -> Tensor:
        """`(N, width, H, W)` → the same shape."""
        return torch.add(x, self.dense(x), alpha=RESIDUAL)  # x + β f(x)


class DenseBlock(nn.Module):
    """Five 3×3 convolutions, each of which reads the block's input and what those before it made.

    Paper: arXiv:1809.00219, fig. 4, with β = 0.2; the last has no activation.
    """

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        made = [growth] * 4 + [width]
        self.convs = nn.ModuleList(_conv(width + i * growth, size) for i, size in enumerate(made))
        he_weights(self)
        with torch.no_grad():
            for conv in self.convs:
                conv.get_parameter("weight").mul_(SHRINK)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, width, H, W)` → the same shape."""
        *dense, last = self.convs
        maps = x
        for conv in dense:  # (N, width + i·growth, H, W) → one growth more
            maps = torch.cat([maps, leaky_relu(conv(maps), SLOPE, inplace=True)], 1)
        return torch.add(x, last(maps), alpha=RESIDUAL)  # x + β f(x)


def _conv(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)
