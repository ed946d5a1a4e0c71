"""Generators of fractionally strided convolutions."""

from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Generator, Shape
from gancore.component.part import field, interface, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import whole
from gancore.nn.initializers import he_weights, normal_weights
from gancore.nn.pyramid import check_powers_of_two, doubling_widths, doublings, smallest_map


@interface("generator")
class StridedGenerator(Generator):
    """The layers that both generators share; `normalized` turns batch normalization on or off."""

    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    width: int = field(default=64, validator=whole(1), help="channels of the largest hidden map")
    latent_size: int = field(default=100, validator=whole(1), help="dimension of the latent")
    normalized: ClassVar[bool]

    @property
    def code_shape(self) -> Shape:
        """`(latent_size,)`."""
        return (self.latent_size,)

    def code_weights(self) -> list[Tensor]:
        """The projection to the smallest map."""
        weight: Tensor = self.layers.get_submodule("0").get_parameter("weight")
        return [weight.flatten(1).t()]

    def last_layer(self) -> Tensor:
        """The last transposed convolution."""
        return self.layers.get_submodule(str(len(self.layers) - 2)).get_parameter("weight")

    def build(self) -> None:
        """Makes the projection to the smallest map, and transposed convolutions that double it."""
        check_powers_of_two(self.image, self.qualified_name)
        start = smallest_map(self.image, self.qualified_name)
        sizes = doubling_widths(self.width, doublings(self.image, self.qualified_name))[::-1]
        bias = not self.normalized
        layers: list[nn.Module] = [
            nn.ConvTranspose2d(self.latent_size, sizes[0], start, bias=bias),
            *self._hidden(sizes[0]),
        ]
        for fewer, more in pairwise(sizes):
            layers += [nn.ConvTranspose2d(fewer, more, 4, 2, 1, bias=bias), *self._hidden(more)]
        layers += [nn.ConvTranspose2d(sizes[-1], self.image[0], 4, 2, 1, bias=bias), nn.Tanh()]
        self.layers = nn.Sequential(*layers)
        (normal_weights if self.normalized else he_weights)(self.layers)

    def _hidden(self, size: int) -> list[nn.Module]:
        return [nn.BatchNorm2d(size), nn.ReLU(inplace=True)] if self.normalized else [nn.ReLU(inplace=True)]

    def forward(self, code: Tensor) -> Tensor:
        """`(N, latent_size)` → `(N, C, H, W)` float32 in (-1, 1)."""
        x = code[:, :, None, None]  # (N, latent_size, 1, 1)
        return at_least_float32(self.layers(x))  # (N, C, H, W)


@part("dcgan", tags=["batch"])
class DCGANGenerator(StridedGenerator):
    """A latent becomes a small map of many channels, which fractionally strided convolutions enlarge.

    Paper: Radford et al. 2015, arXiv:1511.06434, fig. 1 and section 3: no pooling, no fully connected hidden
    layer, batch normalization in all layers but the output, ReLU, tanh. As in the PyTorch example, kernels
    are 4×4 (the paper's code: 5×5), the projection is a transposed convolution of a 1×1 map, no convolution
    has a bias, and `width` is 64 (fig. 1: 128). Like the paper's, 64×64 images take four convolutions after
    the projection; other sizes take fewer or more. The shorter side of the first map is 4, and no layer is
    wider than 8 × `width`.

    `(N, latent_size)` → `(N, C, H, W)` float32 in (-1, 1).

    Raises:
        FactError: a side is not a power of two, or is below 16.
    """

    examples = ({"width": 4, "latent_size": 6},)
    normalized: ClassVar[bool] = True


@part("dcgan-plain")
class PlainDCGANGenerator(StridedGenerator):
    """The DCGAN generator without batch normalization: samples are independent in training as well.

    Not in the paper. Convolutions have biases, and initial weights preserve the variance (He et al. 2015,
    arXiv:1502.01852).

    `(N, latent_size)` → `(N, C, H, W)` float32 in (-1, 1).

    Raises:
        FactError: a side is not a power of two, or is below 16.
    """

    examples = ({"width": 4, "latent_size": 6},)
    normalized: ClassVar[bool] = False
