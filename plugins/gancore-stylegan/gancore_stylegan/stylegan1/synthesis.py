"""The synthesis network g: w → image."""

from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from gancore import Generator, field, part
from gancore.component.interfaces import Shape
from gancore.component.precision import at_least_float32
from gancore.component.validators import at_least, whole
from gancore.nn.adain import AdaIN
from gancore.nn.equalized import EqualizedConv2d, EqualizedLinear, EqualizedUpConv2d
from gancore.nn.noise import Noise
from gancore.nn.pyramid import channels, doublings, smallest_map
from gancore.nn.upfirdn import Resample


@part("stylegan")
class StyleGANSynthesis(Generator):
    """The style-based generator: a learned constant and convolutions, each followed by styles through AdaIN.

    Paper: Karras et al. 2018, arXiv:1812.04948, section 2 and fig. 1b: two layers at each size, each followed
    by noise with a learned strength per channel, leaky ReLU of slope 0.2 and AdaIN; binomial blur after each
    doubling; equalized learning rate. Widths are those of ProGAN, arXiv:1710.10196, table 2. Difference: the
    size is fixed from the start, so there is one toRGB layer, not one per size (`generator/stylegan-growing`
    has them all). Images may have any number of channels and need not be square; nor then is the constant.

    `(N, L, W)`, L twice the number of sizes → `(N, C, H, W)` float32, unbounded.

    Raises:
        FactError: the sides are not those of a map with a shorter side of 4 to 7, times a power of two.
    """

    examples = ({"code_width": 4, "channels_base": 64, "channels_max": 8},)
    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    code_width: int = field(default=512, validator=whole(1), help="dimension of w")
    channels_base: int = field(
        default=8192, validator=whole(1), help="channels × size / 2 at each size; 8192 gives 16 at 1024×1024"
    )
    channels_max: int = field(default=512, validator=whole(1), help="maximum number of channels")
    constant_spread: float = field(
        default=0.0,
        validator=at_least(0),
        help="standard deviation of the learned constant's initial values around one; "
        "a value above 0 helps short trainings",
    )

    @property
    def code_shape(self) -> Shape:
        """`(L, W)`, one w per layer."""
        return (2 * (doublings(self.image, self.qualified_name) + 1), self.code_width)

    @property
    def widths(self) -> list[int]:
        """Channels at each size, the smallest map first."""
        return [
            channels(i + 1, self.channels_base, self.channels_max)
            for i in range(doublings(self.image, self.qualified_name) + 1)
        ]

    def code_weights(self) -> list[Tensor]:
        """The affine map of each layer's style."""
        return [style.effective_weight() for style in self.modules() if isinstance(style, EqualizedLinear)]

    def build(self) -> None:
        """Makes the constant and a block for each size."""
        sizes = self.widths
        first: list[nn.Module] = [
            FirstBlock(
                sizes[0], smallest_map(self.image, self.qualified_name), self.code_width, self.constant_spread
            )
        ]
        later: list[nn.Module] = [Block(fewer, more, self.code_width) for fewer, more in pairwise(sizes)]
        self.blocks = nn.ModuleList(first + later)
        self.to_image = EqualizedConv2d(sizes[-1], self.image[0], 1, gain=1)

    def forward(self, code: Tensor) -> Tensor:
        """`(N, L, W)` → `(N, C, H, W)` float32."""
        x = code  # the first block reads only its length
        for i, block in enumerate(self.blocks):
            x = block(x, code[:, 2 * i], code[:, 2 * i + 1])  # (N, channels, h, w), doubled by each block
        image: Tensor = self.to_image(x)  # (N, C, H, W)
        return at_least_float32(image)


class FirstBlock(nn.Module):
    """The learned constant, initially one (by default exactly), and one convolution, each with a style."""

    def __init__(self, width: int, size: tuple[int, int], code_width: int, spread: float) -> None:
        super().__init__()
        self.constant = nn.Parameter(torch.ones(1, width, *size))
        if spread:
            nn.init.normal_(self.constant, 1.0, spread)
        self.bias = nn.Parameter(torch.zeros(width))
        self.first = Epilogue(width, code_width)
        self.conv = EqualizedConv2d(width, width)
        self.second = Epilogue(width, code_width)

    def forward(self, code: Tensor, first: Tensor, second: Tensor) -> Tensor:
        """Codes `(N, L, W)`, of which only N is used, and two `(N, W)` → `(N, width, h, w)`."""
        x = (self.constant + self.bias.reshape(1, -1, 1, 1)).expand(len(code), -1, -1, -1)  # (N, width, h, w)
        x = self.first(x, first)
        styled: Tensor = self.second(self.conv(x), second)
        return styled


class Block(nn.Module):
    """A convolution that doubles the size, a blur, and a second convolution; each convolution has a style."""

    def __init__(self, inputs: int, width: int, code_width: int) -> None:
        super().__init__()
        self.up = EqualizedUpConv2d(inputs, width, bias=False)
        self.blur = Resample()
        self.bias = nn.Parameter(torch.zeros(width))
        self.first = Epilogue(width, code_width)
        self.conv = EqualizedConv2d(width, width)
        self.second = Epilogue(width, code_width)

    def forward(self, x: Tensor, first: Tensor, second: Tensor) -> Tensor:
        """`(N, inputs, H, W)` and two codes `(N, W)` → `(N, width, 2H, 2W)`."""
        x = self.first(self.blur(self.up(x), self.bias), first)  # (N, width, 2H, 2W)
        styled: Tensor = self.second(self.conv(x), second)
        return styled


class Epilogue(nn.Module):
    """The operations after each layer: noise, leaky ReLU, adaptive instance normalization."""

    def __init__(self, width: int, code_width: int) -> None:
        super().__init__()
        self.noise = Noise(width)
        self.adain = AdaIN(width, code_width)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """`(N, width, H, W)` and a code `(N, W)` → the same shape."""
        styled: Tensor = self.adain(leaky_relu(self.noise(x), 0.2, inplace=True), w)  # eq. 1
        return styled
