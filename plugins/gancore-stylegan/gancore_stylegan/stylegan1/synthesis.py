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
    """The style-based generator: a learned constant, and styles that control adaptive instance normalization
    after each convolution.

    Paper: Karras et al. 2018, arXiv:1812.04948, section 2 and fig. 1b: two layers at each size, each followed
    by noise with a learned strength for each channel, leaky ReLU of slope 0.2 and AdaIN; binomial blur after
    each doubling; equalized learning rate. Widths are those of ProGAN, arXiv:1710.10196, table 2. Difference:
    the size is fixed from the start, so there is one layer to colors, not one at each size
    (`generator/stylegan-growing` has them all). Any number of channels; sides may differ, the constant then
    is not square.

    `(N, L, W)`, L twice the number of sizes → `(N, C, H, W)` float32, unbounded.

    Raises:
        FactError: the image is no map with a shorter side of 4 to 7 doubled some times.
    """

    examples = ({"code_width": 4, "channels_base": 64, "channels_max": 8},)
    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    code_width: int = field(default=512, validator=whole(1), help="dimension of w")
    channels_base: int = field(
        default=8192,
        validator=whole(1),
        help="feature maps times size over 4: 8192 gives 16 at 1024×1024",
    )
    channels_max: int = field(default=512, validator=whole(1), help="most feature maps of a layer")
    constant_spread: float = field(
        default=0.0,
        validator=at_least(0),
        help="standard deviation with which the learned constant starts around one; "
        "more than 0 helps short trainings",
    )

    @property
    def code_shape(self) -> Shape:
        """One w for each layer."""
        return (2 * (doublings(self.image, self.qualified_name) + 1), self.code_width)

    @property
    def widths(self) -> list[int]:
        """Feature maps at each size, the smallest map first."""
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
        x = code
        for i, block in enumerate(self.blocks):
            x = block(x, code[:, 2 * i], code[:, 2 * i + 1])
        image: Tensor = self.to_image(x)
        return at_least_float32(image)


class FirstBlock(nn.Module):
    """The learned constant, which starts at one (by default exactly), and one convolution; each is styled."""

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
        """As many images as there are codes, `(N, width, h, w)`."""
        x = (self.constant + self.bias.reshape(1, -1, 1, 1)).expand(len(code), -1, -1, -1)
        x = self.first(x, first)
        styled: Tensor = self.second(self.conv(x), second)
        return styled


class Block(nn.Module):
    """Doubles the size with a convolution and a blur, and convolves once more; each is styled."""

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
        x = self.first(self.blur(self.up(x), self.bias), first)
        styled: Tensor = self.second(self.conv(x), second)
        return styled


class Epilogue(nn.Module):
    """What follows each layer: noise, leaky ReLU, adaptive instance normalization."""

    def __init__(self, width: int, code_width: int) -> None:
        super().__init__()
        self.noise = Noise(width)
        self.adain = AdaIN(width, code_width)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """`(N, width, H, W)` and a code `(N, W)` → the same shape."""
        styled: Tensor = self.adain(leaky_relu(self.noise(x), 0.2, inplace=True), w)
        return styled
