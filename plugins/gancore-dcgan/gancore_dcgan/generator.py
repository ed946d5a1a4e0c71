"""Latents to images through fractionally-strided convolutions."""

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
    """The stack that the generators here share; a class says which normalization follows each hidden layer,
    if any.
    """

    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    width: int = field(default=64, validator=whole(1), help="channels of the largest hidden map")
    latent_size: int = field(default=100, validator=whole(1), help="dimension of the latent")
    normalized: ClassVar[bool]

    @property
    def code_shape(self) -> Shape:
        """A flat code."""
        return (self.latent_size,)

    def code_weights(self) -> list[Tensor]:
        """The projection to the smallest map."""
        weight: Tensor = self.layers.get_submodule("0").get_parameter("weight")
        return [weight.flatten(1).t()]

    def build(self) -> None:
        """Projects the latent to the smallest map, doubles it until the largest hidden one, and once more to
        the image.
        """
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
        return at_least_float32(self.layers(code[:, :, None, None]))


@part("dcgan", tags=["batch"])
class DCGANGenerator(StridedGenerator):
    """A latent is projected to a small spatial map of many channels, and four fractionally-strided
    convolutions make it an image.

    Paper: Radford et al. 2015, arXiv:1511.06434, fig. 1 and section 3: no pooling, no fully connected hidden
    layer, batch normalization in all layers but the output's, ReLU, tanh. As the PyTorch example has it,
    kernels are 4×4 (the paper's code: 5×5), the projection is a transposed convolution of a 1×1 map, no
    convolution has a bias, and `width` is 64 (fig. 1: 128). Other sizes have fewer or more doublings, the
    shorter side of the first map being 4 and no layer wider than 8 × `width`.

    `(N, latent_size)` → `(N, C, H, W)` float32 in (-1, 1). Raises FactError where a side is no power of two
    from 16 up.
    """

    examples = ({"width": 4, "latent_size": 6},)
    normalized: ClassVar[bool] = True


@part("dcgan-plain")
class PlainDCGANGenerator(StridedGenerator):
    """The DCGAN generator without batch normalization, so that no sample depends on another in training
    either.

    Not in the paper. Its convolutions have biases, and weights start so that variances are kept (He et al.
    2015, arXiv:1502.01852).

    `(N, latent_size)` → `(N, C, H, W)` float32 in (-1, 1). Raises FactError where a side is no power of two
    from 16 up.
    """

    examples = ({"width": 4, "latent_size": 6},)
    normalized: ClassVar[bool] = False
