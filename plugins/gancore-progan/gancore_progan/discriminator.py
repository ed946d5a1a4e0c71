"""The discriminator of ProGAN, of a fixed size and growing."""

from itertools import pairwise
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from gancore import Discriminator, fact, field, part
from gancore.component.validators import whole
from gancore.nn.equalized import EqualizedConv2d, EqualizedLinear
from gancore.nn.growing import Growing, level_of
from gancore.nn.minibatch_std import MinibatchStd
from gancore.nn.pyramid import smallest_map
from gancore.nn.rectifier import leaky_relu
from gancore_progan.layers import DownBlock, SampleStd
from gancore_progan.options import UNUSED_LAYERS, slope_field, widths_field, widths_of

__all__ = ["FixedProGANDiscriminator", "ProGANDiscriminator"]

Variance = Literal["population", "sample"]


@part("progan-fixed", tags=["piecewise-linear"])
class FixedProGANDiscriminator(Discriminator):
    """ProGAN's discriminator at its full size, the mirror image of its generator without normalization.

    Paper: Karras et al. 2017, arXiv:1710.10196, table 2: a 1×1 convolution from colors, and for each size two
    3×3 convolutions and averages of 2×2 values; the minibatch standard deviation (section 3); a 3×3
    convolution and two linear layers. Leaky ReLU, equalized learning rate (section 4.1). The deviation is
    over groups of 4, as in the released code (the paper: over the minibatch, `group = 0`); they are neighbors
    in the batch, so that micro-batches of whole groups are exact. With `variance = "sample"`, the variance is
    divided by n - 1 and a batch that is not made of whole groups is one group, as in
    facebookresearch/pytorch_GAN_zoo; such a batch differs from its micro-batches.

    `(N, C, H, W)` → `(N,)` float32.

    Raises:
        FactError: the sides are not those of a map with a shorter side of 4 to 7, times a power of two, or
            the widths are not one for each map.
    """

    examples = ({"widths": (8, 8, 4), "group": 1},)
    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    widths: tuple[int, ...] = widths_field()
    slope: float = slope_field()
    group: int = field(
        default=4,
        validator=whole(0),
        help="group size of the minibatch standard deviation; 1 turns it off, 0 takes the whole batch",
    )
    variance: Variance = field(
        default="population", help="whether the variance in a group is divided by n (population) or n - 1"
    )

    def build(self) -> None:
        """Makes a block for each size, and the layers that score the smallest map."""
        widths = widths_of(self)
        height, width = smallest_map(self.image, self.qualified_name)
        last = widths[0]
        self.from_image = EqualizedConv2d(self.image[0], widths[-1], 1)
        self.blocks = nn.ModuleList(DownBlock(a, b, self.slope) for a, b in pairwise(widths[::-1]))
        self.deviation = (SampleStd if self.variance == "sample" else MinibatchStd)(self.group)
        self.conv = EqualizedConv2d(last + 1, last)
        self.dense = EqualizedLinear(last * height * width, last)
        self.score = EqualizedLinear(last, 1, gain=1)

    def forward_features(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → `(N, widths[0])`, the last hidden layer."""
        x = self.activated(self.from_image(image))  # (N, widths[-1], H, W)
        for block in self.blocks:
            x = block(x)  # (N, widths[i - 1], H/2, W/2), …
        return self.summary(x)

    def summary(self, x: Tensor) -> Tensor:
        """The smallest map `(N, widths[0], h, w)` → features `(N, widths[0])`."""
        x = self.deviation(x)  # (N, widths[0] + 1, h, w), section 3
        x = self.activated(self.conv(x))  # (N, widths[0], h, w)
        return self.activated(self.dense(x.flatten(1)))  # (N, widths[0])

    def activated(self, x: Tensor) -> Tensor:
        """Leaky ReLU."""
        return leaky_relu(x, self.slope, inplace=True)

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """Features → scores `(N,)`; the label is ignored."""
        scores: Tensor = self.score(features)  # (N, 1)
        return scores[:, 0]  # (N,)


@part("progan", tags=["piecewise-linear"])
class ProGANDiscriminator(FixedProGANDiscriminator, Growing):
    """ProGAN's discriminator with a convolution from colors at each size, which can grow.

    Paper: Karras et al. 2017, arXiv:1710.10196, section 2, fig. 2 and table 2: while a size fades in, its
    maps are blended with those of the image at half the size. It starts at the `starting_size` that a recipe
    gives, or else fully grown. It always reads images of the full size, and averages them down to the size
    in use. The layers that it shares with `discriminator/progan-fixed`, which says the rest, have the same
    names and initial weights.

    `(N, C, H, W)` → `(N,)` float32.

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
        self.from_smaller = nn.ModuleList(EqualizedConv2d(self.image[0], width, 1) for width in smaller)
        self.start_growing(len(smaller), level_of(self.starting_size, min(self.image[1:]), len(smaller)))

    def forward_features(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → `(N, widths[0])`, the last hidden layer."""
        return self.summary(self.shrunk(image, self.from_colors, self.blocks))

    def from_colors(self, image: Tensor, level: int) -> Tensor:
        """An image at the size of a level `(N, C, h, w)` → its first maps `(N, widths[level], h, w)`."""
        return self.activated(
            (self.from_image if level == self.doublings else self.from_smaller[level])(image)
        )
