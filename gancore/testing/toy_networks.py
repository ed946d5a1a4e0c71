"""Small networks on which regularizers, constraints, averages and optimizers are tried."""

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Generator, Shape
from gancore.component.part import part

SHAPE = (3, 4, 4)
CODE = 5


class Smooth(nn.Module):
    """Two layers with a smooth bend, on flat rows; `(N, …)` → `(N, *shape)`."""

    def __init__(self, rng: torch.Generator, features: int, *shape: int) -> None:
        super().__init__()
        self.shape = shape
        width = int(torch.Size(shape).numel())
        self.first = nn.Parameter(torch.randn(features, 8, generator=rng) * 0.3)
        self.second = nn.Parameter(torch.randn(8, width, generator=rng) * 0.3)
        self.bias = nn.Parameter(torch.randn(width, generator=rng) * 0.3)

    def forward(self, given: Tensor) -> Tensor:
        """Smooth in input and weights."""
        made = (given.flatten(1) @ self.first).tanh() @ self.second + self.bias
        return made.reshape(len(given), *self.shape)


class Flat(nn.Module):
    """A discriminator that ignores its image."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(48))
        self.bias = nn.Parameter(torch.tensor(0.5))

    def forward(self, image: Tensor) -> Tensor:
        """The bias for each image."""
        return image.flatten(1) @ self.weight + self.bias


@part("contract-kit")
class Averaged(Generator):
    """A linear map with a buffer, for the kit to average."""

    @property
    def code_shape(self) -> Shape:
        """A short vector."""
        return (3,)

    def build(self) -> None:
        """One layer, and a count."""
        self.layer = nn.Linear(3, 12)
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, code: Tensor) -> Tensor:
        """`(N, 3)` → `(N, 3, 2, 2)`."""
        made: Tensor = self.layer(code)
        return made.reshape(-1, 3, 2, 2)
