"""The directed layers of a deep belief network, from the associative memory down to the image."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Generator, Shape
from gancore.component.part import field, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import above, as_tuple, sizes


@part("dbn")
class DBNGenerator(Generator):
    """A sigmoid belief network: units of a layer are independent Bernoulli given the layer above, with
    probabilities σ(b + W h). The image is its mean-field down-pass.

    Paper: Hinton, Osindero & Teh 2006, A fast learning algorithm for deep belief nets, Neural Computation 18.
    Probabilities are mapped from [0, 1] to [-1, 1]. Difference: each layer passes its probabilities down, so
    that an image follows from its code alone; the paper draws the states of all layers but the visible one.

    Code `(N, h)`, states or probabilities of the highest of these layers → image `(N, C, H, W)` in [-1, 1].
    """

    examples = ({"hidden": (5, 4), "deviation": 1.0}, {"hidden": (6,), "deviation": 1.0})

    hidden: tuple[int, ...] = field(
        default=(500, 500),
        converter=as_tuple,
        validator=sizes(),
        help="units of the hidden layers below the memory's own, from the image up",
    )
    deviation: float = field(
        default=0.01, validator=above(0), help="standard deviation of the initial weights", scheduled=False
    )

    @property
    def code_shape(self) -> Shape:
        """The units of the highest layer."""
        return (self.hidden[-1],)

    def code_weights(self) -> list[Tensor]:
        """The weights of the highest layer."""
        return [self.directed[-1].weight]

    def last_layer(self) -> Tensor:
        """W of the visible layer `(D, H)`, whose columns are the filters of the units above it."""
        return self.directed[0].weight

    def build(self) -> None:
        """Makes the layers, the visible one first."""
        widths = [math.prod(self.image), *self.hidden]
        self.layers = nn.ModuleList(nn.Linear(above, below) for below, above in pairwise(widths))
        for layer in self.directed:
            nn.init.normal_(layer.weight, std=self.deviation)
            nn.init.zeros_(layer.bias)

    @property
    def directed(self) -> Sequence[nn.Linear]:
        """The layers, from the visible one up: layer i reads the units of level i + 1."""
        return cast("Sequence[nn.Linear]", self.layers)

    def down(self, i: int, state: Tensor) -> Tensor:
        """Inputs of the units of level i from states of level i + 1, float32: `(N, h')` → `(N, h)`."""
        return at_least_float32(self.directed[i](state))

    def visible(self, image: Tensor) -> Tensor:
        """Images in [-1, 1] as probabilities of the visible units, `(N, D)`."""
        return (image.flatten(1) + 1) / 2

    def forward(self, code: Tensor) -> Tensor:
        """`(N, h)` → `(N, C, H, W)`."""
        for i in reversed(range(1, len(self.layers))):
            code = torch.sigmoid(self.down(i, code))  # probabilities of level i
        return torch.tanh(self.down(0, code) / 2).reshape(-1, *self.image)  # 2 σ(x) - 1
