"""A pair of convolutional networks for images of any channels, whose sides are multiples of 4 and need not be
equal.
"""

import math
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn

from gancore.component.interfaces import ImageShape, Shape
from gancore.component.part import field, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import whole
from gancore.errors import FitError
from gancore.nn.initializers import he_weights
from gancore.nn.pyramid import doubling_widths, halvings
from gancore_vae.networks import Decoder, GaussianEncoder

_WIDTH = "channels at half the image's size; doubled with every further halving, up to eight times"


@part("convolutional-decoder")
class ConvolutionalDecoder(Decoder):
    """A linear layer to a small map of features, transposed convolutions (4 × 4, stride 2) up to the image's
    size, and a 3 × 3 one.

    No paper's in particular: the shapes are those of Radford et al. 2015, arXiv:1511.06434, section 3,
    without batch normalization, so that images stay independent of each other and micro-batches exact; the
    last convolution takes away the checkerboard that transposed ones leave. The smallest map has its shorter
    side between 4 and 7 (shorter for sides below 16).

    Code `(N, latent)` → image `(N, C, H, W)` in [-1, 1].

    Raises:
        FitError: a side of the image is no multiple of 4.
    """

    examples = ({"width": 4, "latent": 4},)
    memory_format: ClassVar[torch.memory_format] = torch.channels_last

    latent: int = field(default=64, validator=whole(1), help="length of the code")
    width: int = field(default=32, validator=whole(1), help=_WIDTH)

    @property
    def code_shape(self) -> Shape:
        """`(latent,)`."""
        return (self.latent,)

    def code_weights(self) -> list[Tensor]:
        """The linear layer."""
        return [self.linear.weight]

    def build(self) -> None:
        """The linear layer and the transposed convolutions."""
        widths, self.small = _plan(self.image, self.width, self.qualified_name)
        self.linear = nn.Linear(self.latent, math.prod(self.small))
        sizes = [*reversed(widths), (self.width + 1) // 2]
        layers: list[nn.Module] = [nn.ReLU()]
        for before, after in pairwise(sizes):
            layers += [nn.ConvTranspose2d(before, after, 4, stride=2, padding=1), nn.ReLU()]
        self.network = nn.Sequential(*layers, nn.Conv2d(sizes[-1], self.image[0], 3, padding=1))
        he_weights(self.network)

    def logits(self, code: Tensor) -> Tensor:
        """`(N, latent)` → `(N, C, H, W)`."""
        return at_least_float32(self.network(self.linear(code).reshape(-1, *self.small)))


@part("convolutional-encoder")
class ConvolutionalEncoder(GaussianEncoder):
    """The way back: convolutions (4 × 4, stride 2), then one linear layer to mean and log-variance.

    Image `(N, C, H, W)` → posterior over `(N, *latent)`.

    Raises:
        FitError: a side of the image is no multiple of 4.
    """

    examples = ({"width": 4},)
    memory_format: ClassVar[torch.memory_format] = torch.channels_last

    width: int = field(default=32, validator=whole(1), help=_WIDTH)

    def build(self) -> None:
        """The convolutions and the linear layer."""
        widths, small = _plan(self.image, self.width, self.qualified_name)
        sizes = [self.image[0], *widths]
        layers: list[nn.Module] = []
        for before, after in pairwise(sizes):
            layers += [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.ReLU()]
        self.network = nn.Sequential(*layers)
        he_weights(self.network)
        self.linear = nn.Linear(math.prod(small), 2 * math.prod(self.latent))

    def moments(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """`(N, C, H, W)` → mean and log-variance `(N, d)`."""
        mean, log_variance = self.linear(self.network(image).flatten(1)).chunk(2, 1)
        return mean, log_variance


def _plan(image: ImageShape, width: int, address: str) -> tuple[list[int], ImageShape]:
    """The channels after each halving, and the smallest map: halved twice, and on while even and at least
    8.
    """
    _, height, breadth = image
    if height % 4 or breadth % 4:
        raise FitError(
            f"{address} takes images whose sides are multiples of 4; "
            f"got {height}×{breadth}: choose another size"
        )
    count = max(2, halvings(height, breadth))
    widths = doubling_widths(width, count)
    return widths, (widths[-1], height >> count, breadth >> count)
