"""p(v | h): from hidden states to images, with Bernoulli or Gaussian visible units."""

import math
from abc import abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Generator, Shape
from gancore.component.part import field, interface, part
from gancore.component.validators import above, whole
from gancore.nn.boltzmann import BERNOULLI, GAUSSIAN, Units, log_odds

_HIDDEN = "number H of hidden units"
_DEVIATION = "standard deviation of the initial weights"


@interface("generator")
class VisibleLayer(Generator):
    """The visible layer of a restricted Boltzmann machine: the image is the mean of the visible units given
    the hidden ones, E[v | h].

    It holds the weights `(D, H)`, the visible biases `(D,)`, and `base`, the biases under which the visible
    units alone have the means of the data: chains and estimates begin there. `begin` sets what follows from
    the data before the first step.
    """

    units: ClassVar[Units]
    """The kind of the visible units."""

    hidden: int = field(default=500, validator=whole(1), help=_HIDDEN)
    deviation: float = field(default=0.01, validator=above(0), help=_DEVIATION, scheduled=False)

    @property
    def code_shape(self) -> Shape:
        """`(H,)`."""
        return (self.hidden,)

    def code_weights(self) -> list[Tensor]:
        """W `(D, H)`."""
        return [self.weight]

    def last_layer(self) -> Tensor:
        """W `(D, H)`, whose columns are the filters of the hidden units."""
        return self.weight

    def build(self) -> None:
        """Makes W and the visible biases."""
        size = math.prod(self.image)
        self.weight = nn.Parameter(self.deviation * torch.randn(size, self.hidden))
        self.bias = nn.Parameter(torch.zeros(size))
        self.base = nn.Buffer(torch.zeros(size))
        self.begun = nn.Buffer(torch.zeros((), dtype=torch.bool))

    @abstractmethod
    def begin(self, mean: Tensor, variance: Tensor) -> None:
        """Takes mean and variance `(C, H, W)` of each value of the data, in the range of images."""

    @abstractmethod
    def visible(self, image: Tensor) -> Tensor:
        """Images `(N, C, H, W)` in [-1, 1] → visible states `(N, D)`."""

    @abstractmethod
    def picture(self, visible: Tensor) -> Tensor:
        """Means of the visible units `(N, D)` → images `(N, C, H, W)` float32 or float64."""

    def forward(self, code: Tensor) -> Tensor:
        """Hidden states or their probabilities `(N, H)` → images `(N, C, H, W)`."""
        x = (code.to(self.weight.dtype) @ self.weight.T).to(self.bias.dtype) + self.bias  # b + W h, (N, D)
        return self.picture(self.units.mean(x))


@part("rbm")
class RBMGenerator(VisibleLayer):
    """Bernoulli visible units: a value x in [-1, 1] is the probability (x + 1) / 2 that its unit is on.

    Paper: Hinton 2010, A practical guide to training restricted Boltzmann machines. Images that are not black
    and white take the place of the states as the probabilities that they are, as there and in Hinton &
    Salakhutdinov 2006; the image of a code is 2 E[v | h] - 1. The visible biases begin as log p / (1 - p)
    of the mean p of each value.

    Code `(N, H)` → image `(N, C, H, W)` in [-1, 1].
    """

    examples = ({"hidden": 5},)
    units = BERNOULLI

    @torch.no_grad()
    def begin(self, mean: Tensor, variance: Tensor) -> None:
        """Visible biases and `base` are the log-odds of the means."""
        self.base.copy_(log_odds((mean.flatten() + 1) / 2))
        self.bias.copy_(self.base)
        self.begun.fill_(True)

    def visible(self, image: Tensor) -> Tensor:
        """Probabilities in [0, 1]."""
        return (image.flatten(1) + 1) / 2

    def picture(self, visible: Tensor) -> Tensor:
        """2 p - 1."""
        return (2 * visible - 1).reshape(-1, *self.image)


@part("gaussian-rbm")
class GaussianRBMGenerator(VisibleLayer):
    """Gaussian visible units of variance 1, for images whose values are standardized.

    Paper: Hinton 2010, A practical guide to training restricted Boltzmann machines: each value is first given
    mean 0 and variance 1 over the data. Difference: the standard deviation that a value is divided by is at
    least `floor`, so that values which hardly ever change are not blown up.

    Code `(N, H)` → image `(N, C, H, W)`, unbounded.
    """

    examples = ({"hidden": 5},)
    units = GAUSSIAN

    floor: float = field(
        default=0.1,
        validator=above(0),
        help="least standard deviation of a value, of images in [-1, 1]",
        scheduled=False,
    )

    def build(self) -> None:
        """Adds mean and standard deviation of each value, `(D,)`."""
        super().build()
        self.mean = nn.Buffer(torch.zeros_like(self.base))
        self.scale = nn.Buffer(torch.ones_like(self.base))

    @torch.no_grad()
    def begin(self, mean: Tensor, variance: Tensor) -> None:
        """Keeps mean and standard deviation; `base` stays 0, the mean of standardized values."""
        self.mean.copy_(mean.flatten())
        self.scale.copy_(variance.flatten().sqrt().clamp_min(self.floor))
        self.begun.fill_(True)

    def visible(self, image: Tensor) -> Tensor:
        """Standardized values."""
        return (image.flatten(1) - self.mean) / self.scale

    def picture(self, visible: Tensor) -> Tensor:
        """Back to the range of the data."""
        return (self.mean + self.scale * visible).reshape(-1, *self.image)
