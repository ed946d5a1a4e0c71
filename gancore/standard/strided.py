"""Networks of strided convolutions with the options that DCGAN and WGAN have in common; each family names its
own.

They are no parts by themselves: a family's class says by `normalized` whether layers are batch-normalized.
"""

from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Discriminator, Generator, Shape
from gancore.component.part import field, interface
from gancore.component.precision import at_least_float32
from gancore.component.validators import at_least, whole
from gancore.nn.initializers import he_weights, normal_weights
from gancore.nn.pyramid import check_powers_of_two, doubling_widths, doublings, smallest_map

__all__ = ["StridedDiscriminator", "StridedGenerator"]


@interface("generator")
class StridedGenerator(Generator):
    """The generators of DCGAN and WGAN; `normalized` turns batch normalization on or off."""

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


@interface("discriminator")
class StridedDiscriminator(Discriminator):
    """The discriminators of DCGAN and WGAN; `normalized` turns batch normalization on or off."""

    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    width: int = field(default=64, validator=whole(1), help="channels of the largest hidden map")
    slope: float = field(default=0.2, validator=at_least(0), help="slope of the leaky ReLU below zero")
    normalized: ClassVar[bool]

    def build(self) -> None:
        """Makes convolutions that halve the image to a shorter side of 4, and one that scores that map."""
        check_powers_of_two(self.image, self.qualified_name)
        end = smallest_map(self.image, self.qualified_name)
        sizes = doubling_widths(self.width, doublings(self.image, self.qualified_name))
        bias = not self.normalized
        layers: list[nn.Module] = [nn.Conv2d(self.image[0], sizes[0], 4, 2, 1, bias=bias), self._leaky()]
        for fewer, more in pairwise(sizes):
            layers += [
                nn.Conv2d(fewer, more, 4, 2, 1, bias=bias),
                *([nn.BatchNorm2d(more)] if self.normalized else []),
                self._leaky(),
            ]
        self.layers = nn.Sequential(*layers)
        self.score = nn.Conv2d(sizes[-1], 1, end, bias=bias)
        for module in (self.layers, self.score):
            (normal_weights if self.normalized else he_weights)(module)

    def _leaky(self) -> nn.Module:
        return nn.LeakyReLU(self.slope, inplace=True)

    def forward_features(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → the last map, whose shorter side is 4."""
        features: Tensor = self.layers(image)  # (N, channels, h, w)
        return features

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """The last map → scores `(N,)`."""
        scores: Tensor = self.score(features)  # (N, 1, 1, 1)
        return scores.reshape(len(features))  # (N,)
