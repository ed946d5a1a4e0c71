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
    """Modulated convolutions one after the other, and one layer to colors at the end.

    Paper: Karras et al. 2019, arXiv:1912.04958, section 2.2 and fig. 2, without the skips or residuals of
    fig. 7. A learned constant, which starts normal; at each size two convolutions, the first of which doubles
    the size. Widths as in the released code, which also clamps at ±256 where it computes in float16 (here
    `clamp=256`): what the leaky ReLUs and each layer to colors give. Any number of channels; sides may
    differ, the constant then is not square.

    `(N, L, W)`, L twice the number of sizes → `(N, C, H, W)` float32, unbounded.

    Raises:
        FactError: the image is no map with a shorter side of 4 to 7 doubled some times.
    """

    examples = ({"code_width": 4, "channels_base": 64, "channels_max": 8},)
    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    code_width: int = field(default=512, validator=whole(1), help="dimension of w")
    channels_base: int = field(
        default=32768, validator=whole(1), help="feature maps times size: 32768 gives 32 at 1024×1024"
    )
    channels_max: int = field(default=512, validator=whole(1), help="most feature maps of a layer")
    noise: str = field(
        default="random",
        validator=one_of("random", "constant", "none"),
        help="noise outside of training: random, constant (the same for all images) or none",
    )
    clamp: float = field(default=0.0, validator=CLAMP_RANGE, help=CLAMP_HELP)

    @property
    def code_shape(self) -> Shape:
        """One w for each convolution, and one for the last layer to colors."""
        return (2 * (doublings(self.image, self.qualified_name) + 1), self.code_width)

    @property
    def widths(self) -> list[int]:
        """Feature maps at each size, the smallest first."""
        return stage_widths(self.image, self.qualified_name, self.channels_base, self.channels_max)

    @property
    def sizes(self) -> list[Size]:
        """Height and width of the maps, the smallest first."""
        return stage_sizes(self.image, self.qualified_name)

    def build(self) -> None:
        """Makes the constant, a convolution on it, and a block for each further size."""
        widths, sizes = self.widths, self.sizes
        self.constant = nn.Parameter(torch.randn(1, widths[0], *sizes[0]))
        self.first = StyledConv(widths[0], widths[0], self.code_width, sizes[0], self.noise, self.clamp)
        steps = zip(pairwise(widths), sizes[1:], strict=True)
        told = self.code_width, self.noise, self.clamp
        self.blocks = nn.ModuleList(Block(fewer, more, size, *told) for (fewer, more), size in steps)
        self.finish()

    def code_weights(self) -> list[Tensor]:
        """The affine maps of the styles that each w is read by: a convolution's, and a layer's to colors,
        which is every second w's.
        """
        found = [
            [conv.style.effective_weight()] for conv in self.modules() if isinstance(conv, StyledConv)
        ] + [[]]
        colors = [layer.effective_weight() for layer in self.modules() if isinstance(layer, ToRGB)]
        for place, weight in enumerate(reversed(colors)):
            found[-1 - 2 * place].append(weight)
        return [torch.cat(weights) for weights in found]

    def finish(self) -> None:
        """Makes the layers to colors."""
        self.to_image = ToRGB(self.widths[-1], self.image[0], self.code_width, self.clamp)

    def forward(self, code: Tensor) -> Tensor:
        """`(N, L, W)` → `(N, C, H, W)` float32."""
        x = self.first(self.constant, code[:, 0])
        for i, block in enumerate(self.blocks):
            x = block(x, code[:, 2 * i + 1], code[:, 2 * i + 2])
        image: Tensor = self.to_image(x, code[:, -1])
        return image


@part("stylegan2")
class StyleGAN2Synthesis(PlainStyleGAN2Synthesis):
    """Modulated convolutions with output skips: each size adds its colors to the doubled image of the size
    before.

    Paper: Karras et al. 2019, arXiv:1912.04958, section 4.1 and fig. 7b, left: the generator of configuration
    F. Colors are doubled with the filter [1, 3, 3, 1] and summed in float32. The layer to colors reads the w
    of the next size's first convolution, as in the released code. Else as generator/stylegan2-plain.

    `(N, L, W)`, L twice the number of sizes → `(N, C, H, W)` float32, unbounded.

    Raises:
        FactError: the image is no map with a shorter side of 4 to 7 doubled some times.
    """

    def finish(self) -> None:
        """Makes a layer to colors at each size, and what doubles an image."""
        self.to_images = nn.ModuleList(
            ToRGB(width, self.image[0], self.code_width, self.clamp) for width in self.widths
        )
        self.doubles = nn.ModuleList(Fir(size, up=2, padding=(2, 1)) for size in self.sizes[:-1])

    def forward(self, code: Tensor) -> Tensor:
        """`(N, L, W)` → `(N, C, H, W)` float32."""
        x = self.first(self.constant, code[:, 0])
        image: Tensor = self.to_images[0](x, code[:, 1])
        for i, (block, double) in enumerate(zip(self.blocks, self.doubles, strict=True)):
            x = block(x, code[:, 2 * i + 1], code[:, 2 * i + 2])
            image = double(image) + self.to_images[i + 1](x, code[:, 2 * i + 3])
        return image


@part("stylegan2-residual")
class ResidualStyleGAN2Synthesis(PlainStyleGAN2Synthesis):
    """Modulated convolutions in residual blocks, and one layer to colors at the end.

    Paper: Karras et al. 2019, arXiv:1912.04958, section 4.1 and fig. 7c, left; the sum is divided by √2, and
    a shortcut is a 1×1 convolution of the doubled map. Else as generator/stylegan2-plain.

    `(N, L, W)`, L twice the number of sizes → `(N, C, H, W)` float32, unbounded.

    Raises:
        FactError: the image is no map with a shorter side of 4 to 7 doubled some times.
    """

    def finish(self) -> None:
        """Makes the shortcuts, and the layer to colors."""
        super().finish()
        steps = zip(pairwise(self.widths), self.sizes[:-1], strict=True)
        self.shortcuts = nn.ModuleList(UpShortcut(fewer, more, size) for (fewer, more), size in steps)

    def forward(self, code: Tensor) -> Tensor:
        """`(N, L, W)` → `(N, C, H, W)` float32."""
        x = self.first(self.constant, code[:, 0])
        for i, (block, shortcut) in enumerate(zip(self.blocks, self.shortcuts, strict=True)):
            x = (block(x, code[:, 2 * i + 1], code[:, 2 * i + 2]) + shortcut(x)) * math.sqrt(0.5)
        image: Tensor = self.to_image(x, code[:, -1])
        return image


class Block(nn.Module):
    """Two styled convolutions, the first of which doubles the size."""

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
    """A 1×1 convolution, then doubling with the filter [1, 3, 3, 1]; the two commute, and this order is the
    cheaper.
    """

    def __init__(self, inputs: int, width: int, size: Size) -> None:
        super().__init__()
        self.conv = EqualizedConv2d(inputs, width, 1, gain=1, bias=False)
        self.enlarge = Fir(size, up=2, padding=(2, 1))

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs, H, W)` → `(N, width, 2H, 2W)`."""
        doubled: Tensor = self.enlarge(self.conv(x))
        return doubled


def stage_widths(image: ImageShape, address: str, base: int, most: int) -> list[int]:
    """Feature maps of each size, the smallest first: `base` over the size, where the smallest counts as 4."""
    return [channels(i + 2, base, most) for i in range(doublings(image, address) + 1)]


def stage_sizes(image: ImageShape, address: str) -> list[Size]:
    """Height and width of each size, the smallest first."""
    height, width = smallest_map(image, address)
    return [(height << i, width << i) for i in range(doublings(image, address) + 1)]
