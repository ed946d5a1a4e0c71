"""Generators and discriminators in two pieces, one of which both domains have in common."""

from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn

from gancore import Discriminator, Generator, field, part
from gancore.component.interfaces import ImageShape, Shape
from gancore.component.precision import at_least_float32
from gancore.component.validators import whole
from gancore.errors import FactError
from gancore.nn.initializers import normal_weights
from gancore.nn.pyramid import check_powers_of_two, doubling_widths, doublings, smallest_map


@part("cogan", tags=["batch"])
class CoupledGenerator(Generator):
    """Fractionally strided convolutions, of which the first make what both domains have in common (`trunk`)
    and the last what each has for itself (`own`).

    Paper: Liu & Tuzel 2016 (CoGAN), arXiv:1606.07536, section 3 and appendix A: batch normalization and
    parametric ReLU after each layer but the last; its generators for digits share all layers but the last.
    Images lie in [-1, 1], so a tanh follows. Differences: kernels are 4×4, as in the PyTorch example of DCGAN
    (the paper: 4×4, 3×3 and 6×6 for 28×28 images), and widths follow the size of the images: `width` next to
    the image, doubled with each halving up to 8 × `width` (the paper: 128 up to 1024).

    `(N, latent_size)` → `(N, C, H, W)` float32 in (-1, 1).

    Raises:
        FactError: a side is not a power of two, or is below 16, or `own_layers` are not fewer than there are.
    """

    examples = ({"width": 2, "latent_size": 6},)
    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    width: int = field(default=64, validator=whole(1), help="channels of the largest hidden map")
    latent_size: int = field(default=100, validator=whole(1), help="dimension of the latent")
    own_layers: int = field(default=1, validator=whole(1), help="how many of the last layers are not shared")

    @property
    def code_shape(self) -> Shape:
        """A flat code."""
        return (self.latent_size,)

    def last_layer(self) -> Tensor:
        """The last transposed convolution."""
        return self.own[-1].get_submodule("0").get_parameter("weight")

    def build(self) -> None:
        """Makes the layers."""
        check_powers_of_two(self.image, self.qualified_name)
        start = smallest_map(self.image, self.qualified_name)
        sizes = doubling_widths(self.width, doublings(self.image, self.qualified_name))[::-1]
        layers = [_up(self.latent_size, sizes[0], start)]
        layers += [_up(fewer, more) for fewer, more in pairwise(sizes)]
        layers.append(
            nn.Sequential(nn.ConvTranspose2d(sizes[-1], self.image[0], 4, 2, 1, bias=False), nn.Tanh())
        )
        check_own(self.own_layers, len(layers), self.qualified_name)
        self.trunk = nn.Sequential(*layers[: -self.own_layers])
        self.own = nn.Sequential(*layers[-self.own_layers :])
        normal_weights(self)

    def forward(self, code: Tensor) -> Tensor:
        """`(N, latent_size)` → `(N, C, H, W)` float32 in (-1, 1)."""
        x = self.trunk(code[:, :, None, None])  # (N, channels, h, w), what both domains have in common
        return at_least_float32(self.own(x))  # (N, C, H, W)


@part("cogan", tags=["batch"])
class CoupledDiscriminator(Discriminator):
    """Strided convolutions, of which the first read what each domain has for itself (`own`) and the last what
    both have in common (`trunk` and `score`).

    Paper: Liu & Tuzel 2016 (CoGAN), arXiv:1606.07536, section 3 and appendix A: its discriminators for digits
    share all layers but the first. Differences: strided 4×4 convolutions with batch normalization and leaky
    ReLU, as in the PyTorch example of DCGAN (the paper: 5×5 convolutions, max-pooling and two linear layers
    with parametric ReLU).

    `(N, C, H, W)` → `(N,)` float32.

    Raises:
        FactError: a side is not a power of two, or is below 16, or `own_layers` are not fewer than there are.
    """

    examples = ({"width": 2},)
    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    width: int = field(default=64, validator=whole(1), help="channels of the largest hidden map")
    own_layers: int = field(default=1, validator=whole(1), help="how many of the first layers are not shared")

    def build(self) -> None:
        """Makes the layers."""
        check_powers_of_two(self.image, self.qualified_name)
        sizes = doubling_widths(self.width, doublings(self.image, self.qualified_name))
        layers = [_down(self.image, sizes[0])]
        layers += [_down(fewer, more) for fewer, more in pairwise(sizes)]
        check_own(self.own_layers, len(layers) + 1, self.qualified_name)
        self.own = nn.Sequential(*layers[: self.own_layers])
        self.trunk = nn.Sequential(*layers[self.own_layers :])
        self.score = nn.Conv2d(sizes[-1], 1, smallest_map(self.image, self.qualified_name), bias=False)
        normal_weights(self)

    def forward_features(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → the last map, whose shorter side is 4."""
        features: Tensor = self.trunk(self.own(image))  # (N, channels, h, w)
        return features

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """The last map → `(N,)`."""
        scores: Tensor = self.score(features)  # (N, 1, 1, 1)
        return scores.reshape(len(features))


def check_own(own: int, layers: int, address: str) -> None:
    """Raises FactError unless some layers are left to share."""
    if own >= layers:
        raise FactError(
            f"{address} has {layers} layers for these images, so at most {layers - 1} can be its own; got "
            f"{own}: nothing would be shared"
        )


def _up(inputs: int, outputs: int, start: tuple[int, int] | None = None) -> nn.Sequential:
    """A transposed convolution that doubles the map, or makes one of the size `start` of a vector."""
    conv = (
        nn.ConvTranspose2d(inputs, outputs, start, bias=False)
        if start
        else nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False)
    )
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.PReLU())


def _down(inputs: int | ImageShape, outputs: int) -> nn.Sequential:
    """A convolution that halves the map, without normalization where it reads an image."""
    if isinstance(inputs, tuple):
        return nn.Sequential(nn.Conv2d(inputs[0], outputs, 4, 2, 1, bias=False), nn.LeakyReLU(0.2))
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2)
    )
