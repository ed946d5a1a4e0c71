"""Latents to images."""

import math
from itertools import pairwise

from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu

from gancore import Generator, field, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import whole


@part("sprout")
class SproutGenerator(Generator):
    """Resizes a small map step by step and convolves it after each step, which avoids the checkerboards of
    transposed convolutions.

    Paper: Odena et al. 2016, "Deconvolution and Checkerboard Artifacts", Distill, doi:10.23915/distill.00003.
    The article gives no sizes; those here are small.

    `(N, latent_size)` → `(N, C, H, W)` float32 in (-1, 1), any shape.
    """

    examples = ({"width": 4, "latent_size": 6},)
    width: int = field(
        default=32,
        validator=whole(1),
        help="channels of the largest map; each smaller map has twice as many, at most 8 times",
    )
    latent_size: int = field(default=64, validator=whole(1), help="dimension of the latent")

    @property
    def code_shape(self) -> tuple[int, ...]:
        """A flat code."""
        return (self.latent_size,)

    def build(self) -> None:
        """Makes the layers; `self.image` is known here."""
        channels, height, width = self.image
        steps = max(1, round(math.log2(max(height, width) / 4)))
        self.sizes = [(math.ceil(height / 2**i), math.ceil(width / 2**i)) for i in reversed(range(steps + 1))]
        widths = [self.width * min(2**i, 8) for i in reversed(range(steps + 1))]
        self.start = nn.Linear(self.latent_size, widths[0] * math.prod(self.sizes[0]))
        self.blocks = nn.ModuleList(nn.Conv2d(more, fewer, 3, padding=1) for more, fewer in pairwise(widths))
        self.to_image = nn.Conv2d(widths[-1], channels, 3, padding=1)

    def forward(self, code: Tensor) -> Tensor:
        """`(N, latent_size)` → `(N, C, H, W)` float32 in (-1, 1)."""
        maps = leaky_relu(self.start(code), 0.2).reshape(len(code), -1, *self.sizes[0])
        for size, block in zip(self.sizes[1:], self.blocks, strict=True):
            maps = leaky_relu(block(interpolate(maps, size=size, mode="nearest")), 0.2)
        # float32 also under autocast
        return at_least_float32(self.to_image(maps)).tanh()
