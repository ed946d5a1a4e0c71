"""Latents to images through fully connected layers."""

import math
from itertools import pairwise

from torch import Tensor, nn

from gancore.component.interfaces import Generator, Shape
from gancore.component.part import field, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import as_tuple, sizes, whole

RANGE = 0.05
"""Initial weights are uniform in ± this, as in the released configuration."""


@part("mlp")
class MLP(Generator):
    """A multilayer perceptron of rectified linear units.

    Paper: Goodfellow et al. 2014, arXiv:1406.2661, section 5; sizes and initial weights are those of the
    released MNIST configuration, two layers of 1200 units and U(-0.05, 0.05). Differences: tanh instead of
    the sigmoid, since images lie in [-1, 1]; the output's bias starts at 0, not at the marginals of the
    training images.

    `(N, latent_size)` → `(N, C, H, W)` float32 in (-1, 1), for images of any shape.
    """

    examples = ({"hidden": [12, 8], "latent_size": 6},)
    hidden: tuple[int, ...] = field(
        default=(1200, 1200),
        converter=as_tuple,
        validator=sizes(),
        help="number of units in each hidden layer",
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
        """Makes the hidden layers with ReLU, and the output layer with tanh."""
        layers: list[nn.Module] = []
        for before, after in pairwise((self.latent_size, *self.hidden, math.prod(self.image))):
            layers += [_linear(before, after), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1], nn.Tanh())

    def forward(self, code: Tensor) -> Tensor:
        """`(N, latent_size)` → `(N, C, H, W)` float32 in (-1, 1)."""
        flat = at_least_float32(self.layers(code))  # (N, C·H·W)
        return flat.reshape(len(code), *self.image)  # (N, C, H, W)


def _linear(before: int, after: int) -> nn.Linear:
    layer = nn.Linear(before, after)
    nn.init.uniform_(layer.weight, -RANGE, RANGE)
    nn.init.zeros_(layer.bias)
    return layer
