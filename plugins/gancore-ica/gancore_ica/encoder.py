"""The sources of an image."""

import math

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Encoder
from gancore.component.part import fact, part


@part("ica")
class ICAEncoder(Encoder):
    """The sources s = B (x - μ), where B unmixes: B A = I.

    Image `(N, C, H, W)` → sources `(N, q)` float32. With fewer sources than values, the image of the sources
    is the projection onto the q principal axes.
    """

    components: int = fact(default=64, help="number q of sources, given by the recipe")

    def build(self) -> None:
        """Registers a random model: μ `(D,)` and B `(q, D)`."""
        size = math.prod(self.image)
        self.mean = nn.Buffer(torch.zeros(size))
        self.unmixing = nn.Buffer(torch.randn(self.components, size) / math.sqrt(size))

    @torch.no_grad()
    def learn(self, mean: Tensor, unmixing: Tensor) -> None:
        """Copies μ and B."""
        self.mean.copy_(mean)
        self.unmixing.copy_(unmixing)

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, C, H, W)` → `(N, q)`."""
        centered = image.flatten(1).to(self.mean.dtype) - self.mean  # (N, D)
        return (centered @ self.unmixing.T).to(self.mean.dtype)  # (N, q)
