"""p(h | v): from images to the probabilities of the hidden units."""

from typing import Any

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Encoder
from gancore.component.part import Seat, part, seat
from gancore.nn.boltzmann import BERNOULLI, BoltzmannMachine
from gancore_rbm.generator import RBMGenerator, VisibleLayer


@part("rbm")
class RBMEncoder(Encoder):
    """The hidden layer of a restricted Boltzmann machine: the code is E[h | v] = σ(c + vᵀW), `(N, H)`.

    Paper: Hinton 2010, A practical guide to training restricted Boltzmann machines. W is that of the
    generator, which stands in its seat; it adds the hidden biases c.
    """

    examples = ({"generator": {"part": "rbm", "hidden": 5}},)
    expected_failures = {
        "gradient_reaches_everything": "the visible biases belong to the generator in its seat, and do not "
        "change the hidden units"
    }

    generator: Seat[VisibleLayer] = seat(default=RBMGenerator, help="the visible layer, with the weights")

    def facts(self, seat: str) -> dict[str, Any]:
        """The image shape."""
        return {"image": self.image}

    def build(self) -> None:
        """Makes the hidden biases."""
        self.bias = nn.Parameter(torch.zeros(self.generator.hidden))

    @property
    def machine(self) -> BoltzmannMachine:
        """The machine over the present weights of both layers."""
        visible = self.generator
        return BoltzmannMachine(visible.weight, visible.bias, self.bias, visible.units, BERNOULLI)

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, C, H, W)` in [-1, 1] → `(N, H)` in [0, 1]."""
        return self.machine.hidden_mean(self.generator.visible(image))
