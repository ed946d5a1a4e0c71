"""Distributions of the sources, each with mean 0 and variance 1."""

import math

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Sampler
from gancore.component.part import field, interface, part
from gancore.component.validators import whole


@interface("sampler")
class SourceSampler(Sampler):
    """Draws sources `(n, q)`, each independently of the others."""

    def learn(self, sources: Tensor) -> None:
        """Called once with the sources `(N, q)` of the training images."""


@part("laplace")
class Laplace(SourceSampler):
    """Laplace sources of variance 1: p(s) = exp(-√2 |s|) / √2, the usual guess for components of images.

    Nothing is learned; where sources are less peaked, samples have stronger ones than the data.
    """

    def forward(self, n: int, label: Tensor | None = None, *, rng: torch.Generator) -> Tensor:
        """`(n, *latent)` float32, by inverting the distribution function."""
        u = torch.rand(n, *self.latent, generator=rng, dtype=torch.float64) - 0.5  # in [-1/2, 1/2)
        tail = (1 - 2 * u.abs()).clamp_min(torch.finfo(torch.float64).tiny)
        return (-u.sign() * tail.log() / math.sqrt(2)).float()


@part("marginals")
class Marginals(SourceSampler):
    """Each source as the training images have it, independent of the others: draws from its quantiles, with
    straight lines between them.
    """

    examples = ({"latent": (5,), "quantiles": 9},)

    quantiles: int = field(default=257, validator=whole(2), help="quantiles kept of each source")

    def build(self) -> None:
        """Makes the quantiles `(K, *latent)`, at first those of a uniform distribution of variance 1."""
        line = torch.linspace(-math.sqrt(3), math.sqrt(3), self.quantiles)
        shape = (self.quantiles, *(1 for _ in self.latent))
        self.knots = nn.Buffer(line.reshape(shape).expand(-1, *self.latent).contiguous())

    @torch.no_grad()
    def learn(self, sources: Tensor) -> None:
        """Takes the quantiles at K evenly spaced levels from 0 to 1."""
        ordered = sources.sort(0).values  # (N, q)
        place = torch.linspace(0, len(sources) - 1, self.quantiles, dtype=torch.float64)
        low = place.long().clamp(max=len(sources) - 2) if len(sources) > 1 else place.long()
        share = (place - low).to(ordered)[:, None]  # (K, 1), the way from one row to the next
        high = (low + 1).clamp(max=len(sources) - 1)
        self.knots.copy_(torch.lerp(ordered[low.to(ordered.device)], ordered[high.to(ordered.device)], share))

    def forward(self, n: int, label: Tensor | None = None, *, rng: torch.Generator) -> Tensor:
        """`(n, *latent)` float32, one uniform number for each source."""
        place = torch.rand(n, *self.latent, generator=rng) * (self.quantiles - 1)
        low = place.long().clamp(max=self.quantiles - 2)
        knots = self.knots.cpu().float()
        return torch.lerp(knots.gather(0, low), knots.gather(0, low + 1), place - low)
