"""StyleGAN2's synthesis networks: code → image."""

import math
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn

from gancore import Generator, field, part
from gancore.component.interfaces import ImageShape, Shape
from gancore.component.validators import one_of, whole
from gancore.nn.equalized import EqualizedConv2d
from gancore.nn.pyramid import channels, doublings, smallest_map
from gancore.nn.upfirdn import Fir
from gancore_stylegan.stylegan2.clamping import CLAMP_HELP, CLAMP_RANGE
from gancore_stylegan.stylegan2.modulated import StyledConv, StyledUpConv, ToRGB

Size = tuple[int, int]


@part("stylegan2-plain")
class PlainStyleGAN2Synthesis(Generator):
    """A sequence of modulated convolutions, and one toRGB layer at the end.

    Paper: Karras et al. 2019, arXiv:1912.04958, section 2.2 and fig. 2, without the skips or residuals of
    fig. 7. A learned constant, initially normal; two convolutions per size, the first of which doubles it.
    Widths are those of the released code, which also clamps the outputs of leaky ReLUs and toRGB layers at
    ±256 where it computes in float16 (here `clamp=256`). Images may have any number of channels and need not
    be square; nor then is the constant.

    `(N, L, W)`, L twice the number of sizes → `(N, C, H, W)` float32, unbounded.

    Raises:
        FactError: the sides are not those of a map with a shorter side of 4 to 7, times a power of two.
    """

    examples = ({"code_width": 4, "channels_base": 64, "channels_max": 8},)
    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    code_width: int = field(default=512, validator=whole(1), help="dimension of w")
    channels_base: int = field(
        default=32768, validator=whole(1), help="channels × size at each size; 32768 gives 32 at 1024×1024"
    )
    channels_max: int = field(default=512, validator=whole(1), help="maximum number of channels")
    noise: str = field(
        default="random",
        validator=one_of("random", "constant", "none"),
        help="noise in eval mode: random, constant (the same for all images) or none",
    )
    clamp: float = field(default=0.0, validator=CLAMP_RANGE, help=CLAMP_HELP)

    @property
    def code_shape(self) -> Shape:
        """`(L, W)`: one w per convolution, and one for the last toRGB layer."""
        return (2 * (doublings(self.image, self.qualified_name) + 1), self.code_width)

    @property
    def widths(self) -> list[int]:
        """Channels at each size, the smallest first."""
        return stage_widths(self.image, self.qualified_name, self.channels_base, self.channels_max)

    @property
    def sizes(self) -> list[Size]:
        """Height and width of the maps, the smallest first."""
        return stage_sizes(self.image, self.qualified_name)

    def build(self) -> None:
        """Makes the constant, its convolution, and a block for each further size."""
        widths, sizes = self.widths, self.sizes
        self.constant = nn.Parameter(torch.randn(1, widths[0], *sizes[0]))
        self.first = StyledConv(widths[0], widths[0], self.code_width, sizes[0], self.noise, self.clamp)
        steps = zip(pairwise(widths), sizes[1:], strict=True)
        options = self.code_width, self.noise, self.clamp
        self.blocks = nn.ModuleList(Block(fewer, more, size, *options) for (fewer, more), size in steps)
        self.finish()

    def code_weights(self) -> list[Tensor]:
        """The style layers that read each w: a convolution's, and for every second w also a toRGB layer's."""
        by_w = [
            [conv.style.effective_weight()] for conv in self.modules() if isinstance(conv, StyledConv)
        ] + [[]]
        colors = [layer.effective_weight() for layer in self.modules() if isinstance(layer, ToRGB)]
        for i, weight in enumerate(reversed(colors)):
            by_w[-1 - 2 * i].append(weight)
        return [torch.cat(weights) for weights in by_w]

    def finish(self) -> None:
        """Makes the toRGB layer; subclasses make theirs."""
        self.to_image = ToRGB(self.widths[-1], self.image[0], self.code_width, self.clamp)

    def forward(self, code: Tensor) -> Tensor:
        """`(N, L, W)` → `(N, C, H, W)` float32."""
        x = self.first(self.constant, code[:, 0])  # (N, channels, h, w)
        for i, block in enumerate(self.blocks):
            x = block(x, code[:, 2 * i + 1], code[:, 2 * i + 2])  # (N, channels, 2h, 2w), …
        image: Tensor = self.to_image(x, code[:, -1])  # (N, C, H, W)
        return image


@part("stylegan2")
class StyleGAN2Synthesis(PlainStyleGAN2Synthesis):
    """Modulated convolutions with output skips: each size adds colors to the upsampled previous image.

    Paper: Karras et al. 2019, arXiv:1912.04958, section 4.1 and fig. 7b, left: the generator of configuration
    F. Images are upsampled with the filter [1, 3, 3, 1] and summed in float32. A toRGB layer reads the w of
    the next size's first convolution, as in the released code. Otherwise like generator/stylegan2-plain.

    `(N, L, W)`, L twice the number of sizes → `(N, C, H, W)` float32, unbounded.

    Raises:
        FactError: the sides are not those of a map with a shorter side of 4 to 7, times a power of two.
    """

    def finish(self) -> None:
        """Makes a toRGB layer at each size, and the filters that double an image."""
        self.to_images = nn.ModuleList(
            ToRGB(width, self.image[0], self.code_width, self.clamp) for width in self.widths
        )
        self.doubles = nn.ModuleList(Fir(size, up=2, padding=(2, 1)) for size in self.sizes[:-1])

    def forward(self, code: Tensor) -> Tensor:
        """`(N, L, W)` → `(N, C, H, W)` float32."""
        x = self.first(self.constant, code[:, 0])  # (N, channels, h, w)
        image: Tensor = self.to_images[0](x, code[:, 1])  # (N, C, h, w)
        for i, (block, double) in enumerate(zip(self.blocks, self.doubles, strict=True)):
            x = block(x, code[:, 2 * i + 1], code[:, 2 * i + 2])  # (N, channels, 2h, 2w), …
            image = double(image) + self.to_images[i + 1](x, code[:, 2 * i + 3])  # (N, C, 2h, 2w), …
        return image


@part("stylegan2-residual")
class ResidualStyleGAN2Synthesis(PlainStyleGAN2Synthesis):
    """Modulated convolutions in residual blocks, and one toRGB layer at the end.

    Paper: Karras et al. 2019, arXiv:1912.04958, section 4.1 and fig. 7c, left; the sum is divided by √2, and
    a shortcut is a 1×1 convolution of the upsampled map. Otherwise like generator/stylegan2-plain.

    `(N, L, W)`, L twice the number of sizes → `(N, C, H, W)` float32, unbounded.

    Raises:
        FactError: the sides are not those of a map with a shorter side of 4 to 7, times a power of two.
    """

    def finish(self) -> None:
        """Makes the shortcuts, and the toRGB layer."""
        super().finish()
        steps = zip(pairwise(self.widths), self.sizes[:-1], strict=True)
        self.shortcuts = nn.ModuleList(UpShortcut(fewer, more, size) for (fewer, more), size in steps)

    def forward(self, code: Tensor) -> Tensor:
        """`(N, L, W)` → `(N, C, H, W)` float32."""
        x = self.first(self.constant, code[:, 0])  # (N, channels, h, w)
        for i, (block, shortcut) in enumerate(zip(self.blocks, self.shortcuts, strict=True)):
            y = block(x, code[:, 2 * i + 1], code[:, 2 * i + 2])  # (N, channels, 2h, 2w), …
            x = (y + shortcut(x)) * math.sqrt(0.5)
        image: Tensor = self.to_image(x, code[:, -1])  # (N, C, H, W)
        return image


class Block(nn.Module):
    """Two modulated convolutions, the first of which doubles the size."""

    def __init__(
        self, inputs: int, width: int, size: Size, code_width: int, noise: str, clamp: float
    ) -> None:
        super().__init__()
        self.up = StyledUpConv(inputs, width, code_width, size, noise, clamp)
        self.conv = StyledConv(width, width, code_width, size, noise, clamp)

    def forward(self, x: Tensor, first: Tensor, second: Tensor) -> Tensor:
        """`(N, inputs, H/2, W/2)` and two codes `(N, W)` → `(N, width, H, W)`."""
        styled: Tensor = self.conv(self.up(x, first), second)
        return styled


class UpShortcut(nn.Module):
    """A 1×1 convolution, then upsampling with the filter [1, 3, 3, 1]; the reverse costs more."""

    def __init__(self, inputs: int, width: int, size: Size) -> None:
        super().__init__()
        self.conv = EqualizedConv2d(inputs, width, 1, gain=1, bias=False)
        self.enlarge = Fir(size, up=2, padding=(2, 1))

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs, H, W)` → `(N, width, 2H, 2W)`."""
        doubled: Tensor = self.enlarge(self.conv(x))
        return doubled


def stage_widths(image: ImageShape, name: str, base: int, most: int) -> list[int]:
    """Channels at each size, the smallest first: `base` / size, where the smallest counts as 4."""
    return [channels(i + 2, base, most) for i in range(doublings(image, name) + 1)]


def stage_sizes(image: ImageShape, name: str) -> list[Size]:
    """Height and width at each size, the smallest first."""
    height, width = smallest_map(image, name)
    return [(height << i, width << i) for i in range(doublings(image, name) + 1)]
