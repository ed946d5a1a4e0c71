"""The generator of R3GAN."""

from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn

from gancore import Generator, field, part
from gancore.component.interfaces import Shape
from gancore.component.precision import at_least_float32
from gancore.component.validators import whole
from gancore_r3gan.layers import FromBasis, Up, conv
from gancore_r3gan.stages import (
    blocks_field,
    cardinalities_field,
    expansion_field,
    plan,
    resampling_field,
    widths_field,
)


@part("r3gan")
class R3GANGenerator(Generator):
    """A code weights learned 4×4 maps; stages of grouped bottlenecks follow, doubled in between.

    Paper: Huang et al. 2024 (R3GAN), arXiv:2501.05441, section 3 and appendix D: no normalization, no mapping
    network, no tanh; two blocks for each map, twice as wide inside, 96 groups for 768 channels; maps are
    doubled with the filter [1, 2, 1] as released, that is [1, 3, 3, 1] between samples. For labels, the paper
    joins an embedding of the class to the latent: conditioner/embedding, with a code as long as both. The
    smallest map has a shorter side of 4 to 7, in the paper always 4.

    `(N, latent_size)` → `(N, C, H, W)` float32, unbounded.

    Raises:
        FactError: the sides are not those of a map with a shorter side of 4 to 7, times a power of two, or
        widths, cardinalities or blocks do not match the maps.
    """

    examples = (
        {"latent_size": 6, "widths": (8, 8, 4), "cardinalities": (2, 2, 1), "blocks": (1, 1, 1)},
        {"latent_size": 4, "widths": (8, 4, 4), "cardinalities": (1, 1, 1), "blocks": (1, 2, 1)},
    )
    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    latent_size: int = field(default=64, validator=whole(1), help="dimension of the code")
    widths: tuple[int, ...] = widths_field()
    cardinalities: tuple[int, ...] = cardinalities_field()
    blocks: tuple[int, ...] = blocks_field()
    expansion: int = expansion_field()
    kernel: int = field(default=3, validator=whole(1), help="kernel of the grouped convolutions")
    resampling: tuple[float, ...] = resampling_field()

    @property
    def code_shape(self) -> Shape:
        """A flat code."""
        return (self.latent_size,)

    def code_weights(self) -> list[Tensor]:
        """The weights of the smallest maps."""
        return [self.start.layer.weight]

    def last_layer(self) -> Tensor:
        """The 1×1 convolution to colors."""
        return self.to_image.weight

    def build(self) -> None:
        """Makes the layers."""
        made = plan(self, self.image)
        self.start = FromBasis(self.latent_size, made.widths[0], made.small)
        ups: list[nn.Module] = [Up(a, b, made.taps) for a, b in pairwise(made.widths)]
        self.ups = nn.ModuleList([nn.Identity(), *ups])
        self.stages = nn.ModuleList(
            nn.Sequential(*blocks) for blocks in made.stages(self.expansion, self.kernel)
        )
        self.to_image = conv(made.widths[-1], self.image[0])

    def forward(self, code: Tensor) -> Tensor:
        """`(N, latent_size)` → `(N, C, H, W)` float32."""
        x = self.start(code)  # (N, widths[0], 4, 4)
        for up, stage in zip(self.ups, self.stages, strict=True):
            x = stage(up(x))  # (N, widths[i], 4·2ⁱ, 4·2ⁱ)
        return at_least_float32(self.to_image(x))  # (N, C, H, W)
