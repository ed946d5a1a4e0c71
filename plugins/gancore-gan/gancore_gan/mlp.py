"""Latents to images through fully connected layers."""

import math
from itertools import pairwise

from torch import Tensor, nn

from gancore.component.interfaces import Generator, Shape
from gancore.component.part import field, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import whole
from gancore_gan.options import listed, sizes

RANGE = 0.05
"""Weights start uniform in ± this, as in the released configuration."""


@part("mlp")
class MLP(Generator):
    """A multilayer perceptron of rectified linear units.

    Paper: Goodfellow et al. 2014, arXiv:1406.2661, section 5; sizes and first weights are those of the
    released MNIST configuration, two layers of 1200 and U(-0.05, 0.05). Differences: tanh for the sigmoid, as
    images lie in [-1, 1]; the output's bias starts at 0, not at the marginals of the training images.

    `(N, latent_size)` → `(N, C, H, W)` float32 in (-1, 1), any shape.
    """

    examples = ({"hidden": [12, 8], "latent_size": 6},)
    hidden: tuple[int, ...] = field(
        default=(1200, 1200), converter=listed, validator=sizes, help="sizes of the hidden layers"
    )
    latent_size: int = field(default=100, validator=whole(1), help="dimension of the latent")

    @property
    def code_shape(self) -> Shape:
        """A flat code."""
        return (self.latent_size,)

    def code_weights(self) -> list[Tensor]:
        """The first layer."""
        return [self.layers.get_submodule("0").get_parameter("weight")]

    def build(self) -> None:
        """Hidden layers with ReLU, then the image with tanh."""
        layers: list[nn.Module] = []
        for before, after in pairwise((self.latent_size, *self.hidden, math.prod(self.image))):
            layers += [_linear(before, after), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1], nn.Tanh())

    def forward(self, code: Tensor) -> Tensor:
        """`(N, latent_size)` → `(N, C, H, W)` float32 in (-1, 1)."""
        return at_least_float32(self.layers(code)).reshape(len(code), *self.image)


def _linear(before: int, after: int) -> nn.Linear:
    layer = nn.Linear(before, after)
    nn.init.uniform_(layer.weight, -RANGE, RANGE)
    nn.init.zeros_(layer.bias)
    return layer
