"""The U-Net of Pix2Pix, with batch or instance normalization."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from gancore.component.part import field, interface, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import whole
from gancore.errors import FitError
from gancore.nn import pyramid
from gancore.nn.batch_norm import BatchNorm2d
from gancore.nn.convolution import Conv2d, ConvTranspose2d
from gancore.nn.dropout import Dropout
from gancore.nn.initializers import normal_weights
from gancore.nn.instance_norm import InstanceNorm
from gancore.standard.translators.options import (
    check_equal_sizes,
    dropout_field,
    noise_field,
    own_statistics_field,
)
from gancore.standard.translators.translator import Translator

__all__ = ["InstanceUNet", "UNet", "UNetTranslator"]


@interface("generator")
class UNetTranslator(Translator):
    """An image is halved again and again and doubled back, and each map on the way up gets the one of its
    size on the way down beside it; a subclass says how they are normalized.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({"width": 2}, {"width": 2, "halvings": 2})
    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    biased: ClassVar[bool]
    """Whether convolutions before a normalization have a bias."""

    width: int = field(
        default=64,
        validator=whole(1),
        help="channels after the first convolution; they double up to 8 times that",
    )
    halvings: int = field(
        default=0,
        validator=whole(0),
        help="how often the image is halved; 0: until a side is 1 or odd, 8 times for 256×256",
    )
    dropout: float = dropout_field(0.5, "in the inner layers on the way up")
    dropout_layers: int = field(
        default=3,
        validator=whole(0),
        help="how many of them have it: from the second innermost outward, never the last",
    )
    noise: bool = noise_field()

    @abstractmethod
    def norm(self, width: int) -> nn.Module:
        """A normalization of maps with so many channels."""

    @property
    def depth(self) -> int:
        """How often the image is halved."""
        return self.halvings or pyramid.halvings(*self.image[1:], smallest=1)

    @property
    def size_multiple(self) -> int:  # type: ignore[override]
        """2 to the number of halvings."""
        return 1 << self.depth if self.built else 0

    def last_layer(self) -> Tensor:
        """The last transposed convolution."""
        return self.up[-1].get_parameter("1.weight")

    def build(self) -> None:
        """Makes the layers, from the outermost to the innermost and back."""
        check_halvings(self)
        widths = pyramid.doubling_widths(self.width, self.depth)
        inputs = [self.source[0], *widths[:-1]]
        self.down = nn.ModuleList(
            self._down(i, *ends) for i, ends in enumerate(zip(inputs, widths, strict=True))
        )
        self.up = nn.ModuleList(self._up(i, widths) for i in reversed(range(self.depth)))
        normal_weights(self)

    def _down(self, level: int, narrow: int, wide: int) -> nn.Module:
        """A convolution that halves; the outermost map is not normalized, the innermost not even activated
        before the way up.
        """
        conv = Conv2d(narrow, wide, 4, stride=2, padding=1, bias=self.biased)
        if level == self.depth - 1:
            return conv
        normed = [self.norm(wide)] if level > 0 else []
        return nn.Sequential(conv, *normed, nn.LeakyReLU(0.2, inplace=True))

    def _up(self, level: int, widths: Sequence[int]) -> nn.Module:
        """A transposed convolution that doubles, of the map below and, but for the innermost, that beside
        it.
        """
        inputs = widths[level] * (1 if level == self.depth - 1 else 2)
        if level == 0:
            conv = ConvTranspose2d(inputs, self.image[0], 4, stride=2, padding=1)
            return nn.Sequential(nn.ReLU(inplace=True), conv, nn.Tanh())
        wide = widths[level - 1]
        conv = ConvTranspose2d(inputs, wide, 4, stride=2, padding=1, bias=self.biased)
        noisy = self.dropout and 2 <= self.depth - level <= self.dropout_layers + 1
        drop = [Dropout(self.dropout, always=self.noise)] if noisy else []
        return nn.Sequential(nn.ReLU(inplace=True), conv, self.norm(wide), *drop)

    def forward(self, code: Tensor) -> Tensor:
        """`(N, *source)` → `(N, C, H, W)`."""
        x, maps = code, []
        for down in self.down:
            x = down(x)  # (N, widths[i], H/2ⁱ⁺¹, W/2ⁱ⁺¹)
            maps.append(x)
        x = maps.pop()
        for up in self.up:
            x = up(x)  # (N, widths[i - 1], H/2ⁱ, W/2ⁱ)
            if maps:
                x = torch.cat([maps.pop(), x], 1)  # (N, 2 widths[i - 1], H/2ⁱ, W/2ⁱ)
        return at_least_float32(x)  # (N, C, H, W)


@part("unet", tags=("translator", "batch"))
class UNet(UNetTranslator):
    """Convolutions halve an image to 1×1, transposed ones double it back, and each map on the way up gets the
    one of its size on the way down beside it; reads a source image.

    Paper: Isola et al. 2016 (Pix2Pix), arXiv:1611.07004, section 6.1.1, for 256×256: encoder
    C64-C128-C256-C512-C512-C512-C512-C512, decoder CD512-CD1024-CD1024-C1024-C1024-C512-C256-C128 with the
    skip connections counted, kernels of 4×4, leaky ReLU of slope 0.2 on the way down and ReLU on the way up,
    a tanh at the end, batch normalization except after the first convolution, dropout of 0.5 as the only
    noise. Other sizes are halved as often as they can be: 7 times for 128×128. 54,413,955 weights with 3
    channels, 8 halvings and width 64. Initial weights are N(0, 0.02).

    The paper translates in the same way as it trains: dropout stays, and batch normalization takes the
    statistics of the images that are translated, with one of them at a time its own. These are the options
    `noise` and `own_statistics`, both off by default, so that a translation follows from its source and the
    running statistics; `recipe/pix2pix` turns them on.

    Differences, all of them those of the published PyTorch code: the innermost map is not normalized, since a
    batch of one would be set to zero; the layers with dropout are the second to fourth innermost
    (`dropout_layers`) instead of the first three; scales of batch normalization start from N(1, 0.02). For
    128×128 that code has 2 layers with dropout, and generally as many as there are halvings beyond 5.

    `(N, *source)` in [-1, 1] → `(N, C, H, W)` float32 in (-1, 1). The channels of source and image may
    differ, their sizes may not. Images of other sizes are read too, if their sides are multiples of 2 to the
    number of halvings.

    Raises:
        FactError: the source's shape is not known.
        FitError: the sizes differ, or cannot be halved so often.
    """

    biased: ClassVar[bool] = False

    own_statistics: bool = own_statistics_field()

    def norm(self, width: int) -> nn.Module:
        """Batch normalization."""
        return BatchNorm2d(width, own_statistics=self.own_statistics)


@part("unet-instance", tags=("translator",))
class InstanceUNet(UNetTranslator):
    """The U-Net with instance normalization in place of batch normalization, as the published code of Pix2Pix
    offers it.

    Paper: Isola et al. 2016 (Pix2Pix), arXiv:1611.07004, section 6.1.1, where batch normalization with
    batches of one is this; else as in generator/unet. Convolutions before a normalization have a bias.

    `(N, *source)` in [-1, 1] → `(N, C, H, W)` float32 in (-1, 1).

    Raises:
        FactError: the source's shape is not known.
        FitError: the sizes differ, or cannot be halved so often.
    """

    biased: ClassVar[bool] = True

    def norm(self, width: int) -> nn.Module:
        """Instance normalization."""
        return InstanceNorm()


def check_halvings(generator: UNetTranslator) -> None:
    """Raises FitError if source and image differ in size, or a side cannot be halved so often."""
    check_equal_sizes(generator, generator.source)
    height, width = generator.image[1:]
    most = pyramid.halvings(height, width, smallest=1)
    if most == 0:
        raise FitError(
            f"{generator.qualified_name} halves its source, but got images of {height}×{width}; use sides "
            "that are even, best powers of two, such as 64×64 or 256×256"
        )
    if generator.halvings > most:
        step = f"2^{generator.halvings}" if generator.halvings > 32 else 1 << generator.halvings
        raise FitError(
            f"{generator.qualified_name} halves its source {generator.halvings} times, so sides must be "
            f"multiples of {step}; got {height}×{width}: give halvings={most} or fewer, or images of another "
            "size"
        )
