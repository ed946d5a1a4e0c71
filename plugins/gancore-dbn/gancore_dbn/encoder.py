"""The recognition layers of a deep belief network, from the image up to the associative memory."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Encoder
from gancore.component.part import fact, field, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import above


@part("dbn")
class DBNEncoder(Encoder):
    """The up-pass: the factorial approximation of the posterior, with probabilities σ(c + Rᵀh) in each layer.

    Paper: Hinton, Osindero & Teh 2006, A fast learning algorithm for deep belief nets, Neural Computation 18.
    After the greedy stages R is W of the generator; wake-sleep unties them. Each layer passes its
    probabilities up.

    Image `(N, C, H, W)` in [-1, 1] → probabilities `(N, h)` of the memory's visible units.
    """

    examples = ({"hidden": (5, 4)},)

    hidden: tuple[int, ...] = fact(help="units of the hidden layers, given by the generator")
    deviation: float = field(
        default=0.01, validator=above(0), help="standard deviation of the initial weights", scheduled=False
    )

    def build(self) -> None:
        """Makes the layers, the one that reads the image first."""
        widths = [math.prod(self.image), *self.hidden]
        self.layers = nn.ModuleList(nn.Linear(below, above) for below, above in pairwise(widths))
        for layer in self.recognizing:
            nn.init.normal_(layer.weight, std=self.deviation)
            nn.init.zeros_(layer.bias)

    @property
    def recognizing(self) -> Sequence[nn.Linear]:
        """The layers, from the image up: layer i reads the units of level i."""
        return cast("Sequence[nn.Linear]", self.layers)

    def up(self, i: int, state: Tensor) -> Tensor:
        """Inputs of the units of level i + 1 from states of level i, float32: `(N, h)` → `(N, h')`."""
        return at_least_float32(self.recognizing[i](state))

    def level(self, visible: Tensor, level: int) -> Tensor:
        """Probabilities of the units of a level, from those of the visible ones, level 0: `(N, D)`."""
        for i in range(level):
            visible = torch.sigmoid(self.up(i, visible))
        return visible

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, C, H, W)` → `(N, h)`."""
        return self.level((image.flatten(1) + 1) / 2, len(self.hidden))
