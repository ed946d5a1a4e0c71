"""Samplers that are networks, such as a transformer over the indices of a codebook."""

from abc import abstractmethod

import torch
from torch import Tensor

from gancore.component.interfaces import Sampler, Shape
from gancore.component.part import interface

CHUNK = 64
"""Latents computed at a time; results do not depend on it."""


@interface("sampler")
class NetworkSampler(Sampler):
    """A sampler that turns uniform noise into latents with a network.

    A subclass writes `noise_shape` and `latents`. Discrete variables are drawn by the inverse of their
    distribution function, which takes one number each; normal noise is `torch.special.ndtri` of it. All noise
    of a draw comes from `rng` at once, and the latents are computed a few at a time.
    """

    @property
    @abstractmethod
    def noise_shape(self) -> Shape:
        """The shape of the noise of one latent."""

    @abstractmethod
    def latents(self, noise: Tensor, label: Tensor | None = None) -> Tensor:
        """Noise `(n, *noise_shape)`, uniform in [0, 1), → `(n, *latent)` on the same device. Row i depends on
        row i of noise and label alone.
        """

    def forward(self, n: int, label: Tensor | None = None, *, rng: torch.Generator) -> Tensor:
        """`(n, *latent)` on the CPU."""
        noise = torch.rand(n, *self.noise_shape, generator=rng)
        device = next((p.device for p in self.parameters()), noise.device)
        starts = range(0, max(n, 1), CHUNK)
        return torch.cat([self._some(noise, label, slice(s, s + CHUNK), device) for s in starts])

    def _some(self, noise: Tensor, label: Tensor | None, rows: slice, device: torch.device) -> Tensor:
        mark = None if label is None else label[rows].to(device)
        return self.latents(noise[rows].to(device), mark).cpu()
