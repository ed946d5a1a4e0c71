"""A mixture of Gaussians as the prior."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from gancore.component.interfaces import Shape
from gancore.component.part import field, part
from gancore.component.validators import above, whole
from gancore.nn.diagonal_gaussian import DiagonalGaussian
from gancore_vae.priors import Prior, mixture_density, normal_noise


@part("mixture-prior")
class MixturePrior(Prior):
    """p(z) = Σ_k π_k N(μ_k, σ_k²), with weights, means and diagonal variances learned along the bound.

    The sum over components is exact, so that the encoder needs no cluster variable. Means start at
    N(0, `spread`²), so that components differ, variances at 1 and weights equal. A draw takes one uniform
    number for the component, by the inverse of its distribution function, and one normal for each coordinate;
    gradients do not pass through the former.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({"components": 3},)

    components: int = field(default=10, validator=whole(1), help="number of Gaussians")
    spread: float = field(
        default=1.0, validator=above(0), help="standard deviation of the initial means", scheduled=False
    )

    @property
    def noise_shape(self) -> Shape:
        """`(1 + d,)`: one number for the component, d for the coordinates."""
        return (1 + math.prod(self.latent),)

    def build(self) -> None:
        """Makes means, log-variances and the logits of the weights."""
        size = math.prod(self.latent)
        self.means = nn.Parameter(torch.randn(self.components, size) * self.spread)
        self.log_variances = nn.Parameter(torch.zeros(self.components, size))
        self.logits = nn.Parameter(torch.zeros(self.components))

    def latents(self, noise: Tensor, label: Tensor | None = None) -> Tensor:
        """Noise `(n, 1 + d)` in [0, 1) → `(n, *latent)`."""
        reached = functional.softmax(self.logits, 0).cumsum(0)[:-1].contiguous()  # Σ π up to each, (K - 1,)
        chosen = torch.searchsorted(reached, noise[:, 0].contiguous(), right=True)  # (n,)
        deviation = torch.exp(self.log_variances[chosen] / 2)  # (n, d)
        latent = self.means[chosen] + deviation * normal_noise(noise[:, 1:])  # (n, d)
        return latent.reshape(-1, *self.latent)

    def log_density(self, latent: Tensor) -> Tensor:
        """log Σ_k π_k N(z; μ_k, σ_k²) at `(N, *latent)`: `(N,)`."""
        weights = functional.log_softmax(self.logits, 0)  # log π, (K,)
        return mixture_density(latent, DiagonalGaussian(self.means, self.log_variances), weights)
