"""The networks of InfoGAN."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from gancore import Discriminator, Generator, field, part
from gancore.component.interfaces import ImageShape, Shape
from gancore.component.precision import at_least_float32
from gancore.component.validators import at_least, whole
from gancore.errors import FactError
from gancore.nn.initializers import normal_weights

HALVINGS = 2
"""How often the image is halved to reach the smallest map."""


@part("infogan", tags=["batch"])
class InfoGANGenerator(Generator):
    """Two fully connected layers, then two fractionally strided 4×4 convolutions.

    Paper: Chen et al. 2016, arXiv:1606.03657, appendix C.1, table 1 (MNIST): 1024 units, a map of 7×7 with
    128 channels, 64 channels, and the image; batch normalization and ReLU in all layers but the last. The
    latent ends in the codes that sampler/latent-codes draws. Differences: tanh for images in [-1, 1]; weights
    N(0, 0.02); other sizes than 28×28 have a map of a quarter of their sides.

    `(N, latent_size)` → `(N, C, H, W)` float32 in (-1, 1).

    Raises:
        FactError: a side is not a multiple of 4.
    """

    examples = ({"width": 4, "hidden": 8, "latent_size": 16},)
    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    latent_size: int = field(default=74, validator=whole(1), help="dimension of the latent, with its codes")
    width: int = field(default=64, validator=whole(1), help="channels of the largest hidden map")
    hidden: int = field(default=1024, validator=whole(1), help="units of the first layer")

    @property
    def code_shape(self) -> Shape:
        """A flat code."""
        return (self.latent_size,)

    def build(self) -> None:
        """Makes the layers."""
        self.small = (2 * self.width, *_quarter(self.image, self.qualified_name))
        size = self.small[0] * self.small[1] * self.small[2]
        self.start = nn.Sequential(
            *(nn.Linear(self.latent_size, self.hidden, bias=False), nn.BatchNorm1d(self.hidden), nn.ReLU()),
            *(nn.Linear(self.hidden, size, bias=False), nn.BatchNorm1d(size), nn.ReLU()),
        )
        self.up = nn.Sequential(
            nn.ConvTranspose2d(2 * self.width, self.width, 4, 2, 1, bias=False),
            *(nn.BatchNorm2d(self.width), nn.ReLU()),
        )
        self.to_image = nn.ConvTranspose2d(self.width, self.image[0], 4, 2, 1)
        normal_weights(self)

    def code_weights(self) -> list[Tensor]:
        """The first layer."""
        return [self.start.get_submodule("0").get_parameter("weight")]

    def last_layer(self) -> Tensor:
        """The last transposed convolution."""
        return self.to_image.weight

    def forward(self, code: Tensor) -> Tensor:
        """`(N, latent_size)` → `(N, C, H, W)` float32 in (-1, 1)."""
        x = self.start(code).unflatten(1, self.small)  # (N, 128, H/4, W/4)
        return at_least_float32(self.to_image(self.up(x)).tanh())  # (N, C, H, W)


@part("infogan", tags=["batch"])
class InfoGANDiscriminator(Discriminator):
    """Two strided 4×4 convolutions and a fully connected layer, whose units are the features that
    auxiliary/infogan reads the codes from.

    Paper: Chen et al. 2016, arXiv:1606.03657, appendix C.1, table 1 (MNIST): 64 and 128 channels, 1024 units,
    leaky ReLU of slope 0.1, batch normalization in all layers but the first and the last; the sigmoid is part
    of the loss. Weights N(0, 0.02).

    `(N, C, H, W)` → `(N,)` float32.

    Raises:
        FactError: a side is not a multiple of 4.
    """

    examples = ({"width": 4, "hidden": 8},)
    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    width: int = field(default=64, validator=whole(1), help="channels of the first map")
    hidden: int = field(default=1024, validator=whole(1), help="number of features")
    slope: float = field(default=0.1, validator=at_least(0), help="slope of the leaky ReLU below zero")

    def build(self) -> None:
        """Makes the layers."""
        height, width = _quarter(self.image, self.qualified_name)
        self.layers = nn.Sequential(
            *(nn.Conv2d(self.image[0], self.width, 4, 2, 1), self._leaky()),
            nn.Conv2d(self.width, 2 * self.width, 4, 2, 1, bias=False),
            *(nn.BatchNorm2d(2 * self.width), self._leaky()),
            *(nn.Flatten(), nn.Linear(2 * self.width * height * width, self.hidden, bias=False)),
            *(nn.BatchNorm1d(self.hidden), self._leaky()),
        )
        self.score = nn.Linear(self.hidden, 1)
        normal_weights(self)

    def _leaky(self) -> nn.Module:
        return nn.LeakyReLU(self.slope)

    def forward_features(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → `(N, hidden)`."""
        features: Tensor = self.layers(image)
        return features

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """The features → scores `(N,)`."""
        scores: Tensor = self.score(features)  # (N, 1)
        return scores[:, 0]


def _quarter(image: ImageShape, address: str) -> tuple[int, int]:
    """Height and width of the smallest map. Raises FactError where they are not whole."""
    _, height, width = image
    if height % 2**HALVINGS or width % 2**HALVINGS:
        raise FactError(
            f"{address} halves images twice, so their sides must be multiples of 4; got {height}×{width}: "
            "resize the images, for example to 28×28"
        )
    return height >> HALVINGS, width >> HALVINGS
