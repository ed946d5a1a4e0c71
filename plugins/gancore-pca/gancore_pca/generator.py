"""The linear map from latent to image."""

import math

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Generator, Shape
from gancore.component.part import fact, field, part
from gancore.component.randomness import normal
from gancore.component.validators import at_least
from gancore.nn.moments import Axes


@part("pca")
class PCAGenerator(Generator):
    """The generative model x = W z + μ + ε, by default its mean W z + μ.

    Paper: Tipping & Bishop 1999 (Journal of the Royal Statistical Society B 61), eq. 1 and, for W, eq. 7 with
    the rotation R = I. Difference: the isotropic noise ε is omitted unless `noise` is set, since it carries
    no information about the image.

    Code `(N, q)` → image `(N, C, H, W)` float32; values are unbounded, training images lie in [-1, 1]. Before
    training W is random, so different codes already give different images.
    """

    examples = ({}, {"noise": 1.0})

    components: int = fact(default=64, help="length q of the code, given by the recipe")
    noise: float = field(
        default=0.0,
        validator=at_least(0),
        help="scale of the model's noise: 0 for the mean, 1 for a full draw",
    )

    @property
    def code_shape(self) -> Shape:
        """`(q,)`."""
        return (self.components,)

    def code_weights(self) -> list[Tensor]:
        """W itself."""
        return [self.weight]

    def build(self) -> None:
        """Registers a random model: the mean `(D,)`, W `(D, q)` and the noise's standard deviation `()`."""
        size = math.prod(self.image)
        self.mean = nn.Buffer(torch.zeros(size))
        self.weight = nn.Buffer(torch.randn(size, self.components) / math.sqrt(self.components))
        self.deviation = nn.Buffer(torch.zeros(()))

    @torch.no_grad()
    def learn(self, axes: Axes) -> None:
        """Copies the closed-form solution, W = V (Λ - σ² I)^½."""
        self.mean.copy_(axes.mean)
        self.weight.copy_(axes.components.T * (axes.variance - axes.noise).sqrt())  # eq. 7, (D, q)
        self.deviation.copy_(axes.noise.sqrt())

    def forward(self, code: Tensor) -> Tensor:
        """`(N, q)` → `(N, C, H, W)`."""
        flat = torch.addmm(self.mean, code.to(self.weight.dtype), self.weight.T)  # W z + μ, (N, D)
        if self.noise:
            flat = flat + self.noise * self.deviation * normal(len(flat), flat.shape[1], like=flat)  # eq. 1
        return flat.to(self.weight.dtype).reshape(-1, *self.image)  # (N, C, H, W)
