"""The linear map from sources to the image."""

import math

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Generator, Shape
from gancore.component.part import fact, part


@part("ica")
class ICAGenerator(Generator):
    """The model x = A s + μ, whose columns of A are images that add up, each times an independent source.

    Paper: Hyvärinen & Oja 2000, Independent component analysis: algorithms and applications, Neural Networks
    13. The sources s have mean 0 and variance 1.

    Code `(N, q)` → image `(N, C, H, W)` float32; values are unbounded, training images lie in [-1, 1]. Before
    training A is random.
    """

    components: int = fact(default=64, help="number q of sources, given by the recipe")

    @property
    def code_shape(self) -> Shape:
        """`(q,)`."""
        return (self.components,)

    def code_weights(self) -> list[Tensor]:
        """A `(D, q)`."""
        return [self.mixing]

    def build(self) -> None:
        """Registers a random model: μ `(D,)` and A `(D, q)`."""
        size = math.prod(self.image)
        self.mean = nn.Buffer(torch.zeros(size))
        self.mixing = nn.Buffer(torch.randn(size, self.components) / math.sqrt(self.components))

    @torch.no_grad()
    def learn(self, mean: Tensor, mixing: Tensor) -> None:
        """Copies μ and A."""
        self.mean.copy_(mean)
        self.mixing.copy_(mixing)

    def forward(self, code: Tensor) -> Tensor:
        """`(N, q)` → `(N, C, H, W)`."""
        flat = torch.addmm(self.mean, code.to(self.mixing.dtype), self.mixing.T)  # A s + μ, (N, D)
        return flat.to(self.mixing.dtype).reshape(-1, *self.image)  # (N, C, H, W)
