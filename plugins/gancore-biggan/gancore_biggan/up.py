"""What all generators of this plugin share: their options, and the layers from a vector to the image."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn

from gancore import Generator, field
from gancore.component.part import interface
from gancore.component.precision import at_least_float32
from gancore.component.validators import above, as_tuple, sizes, whole
from gancore.errors import FactError
from gancore.nn.batch_norm import SyncBatchNorm2d
from gancore.nn.conditional_norm import ConditionalBatchNorm2d
from gancore.nn.initializers import orthogonal_weights
from gancore.nn.pyramid import doublings, smallest_map
from gancore.nn.residual import ResidualBlock
from gancore.nn.spectral_norm import SpectralConv2d, SpectralLinear
from gancore.nn.standing import standing_statistics
from gancore_biggan.layers import Stages
from gancore_biggan.plan import attended, up_widths

__all__ = ["UpNetwork"]

Make = Callable[..., nn.Module]


@interface("generator")
class UpNetwork(Generator):
    """A vector becomes a small map, which stages of blocks with conditional batch normalization double up to
    the image.
    """

    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    latent_size: int = field(default=120, validator=whole(1), help="dimension of the latent")
    width: int = field(
        default=96, validator=whole(1), help="channels that the published multiples are multiples of"
    )
    widths: tuple[int, ...] = field(
        default=(),
        converter=as_tuple,
        validator=sizes(none=True),
        help="channels of the maps, from the smallest on; (): as published for the size of the images",
    )
    attention: tuple[int, ...] = field(
        default=(64,),
        converter=as_tuple,
        validator=sizes(none=True),
        help="shorter sides of the maps with self-attention; one that images do not reach means none",
    )
    norm_eps: float = field(default=1e-5, validator=above(0), help="ε of the conditional batch norms")
    last_norm_eps: float = field(default=1e-5, validator=above(0), help="ε of the last batch norm")
    spectral_eps: float = field(default=1e-6, validator=above(0), help="smallest σ to divide by")

    @property
    def doublings(self) -> int:
        """How often the smallest map is doubled."""
        return doublings(self.image, self.qualified_name)

    @property
    def conv(self) -> Make:
        """Makes convolutions."""
        return partial(SpectralConv2d, eps=self.spectral_eps)

    @property
    def linear(self) -> Make:
        """Makes linear layers."""
        return partial(SpectralLinear, eps=self.spectral_eps)

    @property
    def batch_norm(self) -> Make:
        """Makes batch norms."""
        return SyncBatchNorm2d

    def make_layers(self, inputs: int, affine: Callable[[int], nn.Module]) -> None:
        """Makes the layers: from a vector of `inputs` numbers, with these scales and biases."""
        widths, address = self.chosen_widths(), self.qualified_name
        self.small = (widths[0], *smallest_map(self.image, address))
        self.start = self.linear(inputs, self.small[0] * self.small[1] * self.small[2])
        norm = partial(ConditionalBatchNorm2d, affine=affine, eps=self.norm_eps, norm=self.batch_norm)
        side = min(self.image[1:])
        maps = [side >> i for i in reversed(range(self.doublings))]
        attends = attended(maps, self.attention, side, address)
        blocks = [self.stage(fewer, more, norm) for fewer, more in pairwise(widths)]
        self.stages = Stages(blocks, attends, widths[1:], self.conv)
        self.norm = self.batch_norm(widths[-1], self.last_norm_eps)
        self.to_image = self.conv(widths[-1], self.colors, 3, padding=1)
        orthogonal_weights(self)

    def chosen_widths(self) -> tuple[int, ...]:
        """Channels of the maps, from the smallest on."""
        widths = self.widths or up_widths(self.image, self.width, self.qualified_name)
        if len(widths) != self.doublings + 1:
            raise FactError(
                f"{self.qualified_name} needs {self.doublings + 1} widths for images of "
                f"{self.image[1]}×{self.image[2]}, one for each map from the smallest on; got {list(widths)}"
            )
        return widths

    @property
    def colors(self) -> int:
        """Channels of the last convolution, the first of which are the image's."""
        return self.image[0]

    def stage(self, inputs: int, outputs: int, norm: Make) -> Sequence[nn.Module]:
        """The blocks that double a map."""
        up = nn.Upsample(scale_factor=2)
        return [ResidualBlock(inputs, outputs, norm=norm, conv=self.conv, up=up)]

    def last_layer(self) -> Tensor:
        """The convolution to colors."""
        return self.to_image.get_parameter("weight")

    def code_weights(self) -> list[Tensor]:
        """The projection to the smallest map, zero for what it does not read."""
        weight = self.start.get_parameter("weight")
        return [torch.cat([weight, weight.new_zeros(len(weight), self.code_shape[0] - weight.shape[1])], 1)]

    def prepare(self, passes: Callable[[], None]) -> None:
        """Standing statistics."""
        standing_statistics(self, passes)

    def image_from(self, x: Tensor, conditions: Sequence[Tensor]) -> Tensor:
        """`(N, inputs)` and a condition for each stage → `(N, C, H, W)` float32 in (-1, 1)."""
        x = self.start(x).reshape(len(x), *self.small)  # (N, widths[0], h, w)
        x = self.stages.run(x, conditions)  # (N, widths[-1], H, W)
        colors = self.to_image(torch.relu(self.norm(x)))[:, : self.image[0]]  # (N, C, H, W)
        return at_least_float32(torch.tanh(colors))
