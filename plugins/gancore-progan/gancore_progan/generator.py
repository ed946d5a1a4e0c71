"""The generator of ProGAN, of a fixed size and growing."""

from itertools import pairwise
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from gancore import Generator, fact, field, part
from gancore.component.interfaces import Shape
from gancore.component.precision import at_least_float32
from gancore.component.validators import whole
from gancore.nn.equalized import EqualizedConv2d
from gancore.nn.growing import Growing, level_of
from gancore.nn.pixel_norm import pixel_norm
from gancore.nn.pyramid import smallest_map
from gancore_progan.layers import Start, UpBlock, activated
from gancore_progan.options import UNUSED_LAYERS, slope_field, widths_field, widths_of

__all__ = ["FixedProGANGenerator", "Output", "ProGANGenerator"]

Output = Literal["linear", "tanh"]


@part("progan-fixed")
class FixedProGANGenerator(Generator):
    """ProGAN's generator at its full size: pixel-normalized convolutions, two for each size.

    Paper: Karras et al. 2017, arXiv:1710.10196, table 2: a 4×4 convolution of the latent, a 3×3 convolution,
    and for each size a doubling by repetition and two 3×3 convolutions, all with an equalized learning rate
    (section 4.1), leaky ReLU and pixelwise normalization (section 4.2); a linear 1×1 convolution to colors.
    As in the released code, the latent is normalized too, and so are the first maps. Images may have any
    number of channels and need not be square; nor then is the smallest map. `bias_per_position` and
    `output = "tanh"` are of other code (facebookresearch/pytorch_GAN_zoo, the latter with other losses).

    `(N, latent_size)` → `(N, C, H, W)` float32, unbounded if linear.

    Raises:
        FactError: the sides are not those of a map with a shorter side of 4 to 7, times a power of two, or
            the widths are not one for each map.
    """

    examples = ({"latent_size": 5, "widths": (8, 8, 4)},)
    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    latent_size: int = field(default=512, validator=whole(1), help="dimension of the code")
    widths: tuple[int, ...] = widths_field()
    slope: float = slope_field()
    output: Output = field(default="linear", help="what follows the convolution to colors")
    bias_per_position: bool = field(
        default=False,
        help="whether the first bias is one for each value of the smallest map, not each channel",
    )

    @property
    def code_shape(self) -> Shape:
        """A flat code."""
        return (self.latent_size,)

    def code_weights(self) -> list[Tensor]:
        """The weights of the smallest map."""
        return [self.start.weight]

    def last_layer(self) -> Tensor:
        """The 1×1 convolution to colors."""
        return self.to_image.weight

    def build(self) -> None:
        """Makes the layers."""
        widths = widths_of(self)
        small = smallest_map(self.image, self.qualified_name)
        self.start = Start(self.latent_size, widths[0], small, bias_per_position=self.bias_per_position)
        self.conv = EqualizedConv2d(widths[0], widths[0])
        self.blocks = nn.ModuleList(UpBlock(a, b, self.slope) for a, b in pairwise(widths))
        self.to_image = EqualizedConv2d(widths[-1], self.image[0], 1, gain=1)

    def forward(self, code: Tensor) -> Tensor:
        """`(N, latent_size)` → `(N, C, H, W)` float32."""
        x = self.smallest(code)  # (N, widths[0], h, w)
        for block in self.blocks:
            x = block(x)  # (N, widths[i], 2h, 2w), …
        return self.colored(self.to_image(x))

    def smallest(self, code: Tensor) -> Tensor:
        """`(N, latent_size)` → the smallest map `(N, widths[0], h, w)`."""
        x = activated(self.start(pixel_norm(code)), self.slope)
        return activated(self.conv(x), self.slope)

    def colored(self, image: Tensor) -> Tensor:
        """What the convolution to colors gave, as an image."""
        image = at_least_float32(image)
        return image.tanh() if self.output == "tanh" else image


@part("progan")
class ProGANGenerator(FixedProGANGenerator, Growing):
    """ProGAN's generator with a convolution to colors at each size, which can grow.

    Paper: Karras et al. 2017, arXiv:1710.10196, section 2, fig. 2 and table 2: while a size fades in, its
    image is blended with that of the previous size, each pixel repeated. It starts at the `starting_size`
    that a recipe gives, or else fully grown. It always makes images of the full size. The layers that it
    shares with `generator/progan-fixed`, which says the rest, have the same names and initial weights.

    `(N, latent_size)` → `(N, C, H, W)` float32, unbounded if linear.

    Raises:
        FactError: the sides are not those of a map with a shorter side of 4 to 7, times a power of two, or
            the widths are not one for each map.
    """

    expected_failures = {"gradient_reaches_everything": UNUSED_LAYERS}
    starting_size: int = fact(
        default=0,
        help="shorter side of the first images, given by a growing recipe; 0: fully grown from the start",
    )

    def build(self) -> None:
        """Makes the layers."""
        super().build()
        *smaller, _ = widths_of(self)
        self.to_smaller = nn.ModuleList(EqualizedConv2d(width, self.image[0], 1, gain=1) for width in smaller)
        self.start_growing(len(smaller), level_of(self.starting_size, min(self.image[1:]), len(smaller)))

    def forward(self, code: Tensor) -> Tensor:
        """`(N, latent_size)` → `(N, C, H, W)` float32, with the detail of the current stage."""
        level, _ = self.newest()
        x = before = self.smallest(code)  # (N, widths[0], h, w)
        for block in self.blocks[:level]:
            before, x = x, block(x)  # (N, widths[i], 2h, 2w), …
        return self.colored(self.grown(x, before, self.to_colors))  # (N, C, H, W)

    def to_colors(self, x: Tensor, level: int) -> Tensor:
        """The maps of a level `(N, widths[level], h, w)` → an image `(N, C, h, w)`."""
        image: Tensor = (self.to_image if level == self.doublings else self.to_smaller[level])(x)
        return image
