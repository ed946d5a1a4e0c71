"""A normalizing flow as the prior."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Shape
from gancore.component.part import field, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import whole
from gancore.errors import FitError
from gancore_vae.priors import Prior, log_prior, normal_noise


@part("real-nvp")
class RealNVP(Prior):
    """z = f(ε), ε ~ N(0, I), with f a chain of affine coupling layers, whose density is known exactly.

    Paper: Dinh, Sohl-Dickstein & Bengio 2016, arXiv:1605.08803. Latents are flat, so the masks
    take every other coordinate, in turn the even and the odd ones, and s and t are one fully connected
    network with `depth` hidden layers; no batch normalization and no multi-scale architecture. The last layer
    of each starts at zero, so that f starts as the identity, and s is tanh of its output times a learned
    scale, as in the paper.

    Raises:
        FitError: latents have one coordinate, of which none could be left unchanged.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({"layers": 2, "width": 8, "depth": 1},)

    layers: int = field(default=6, validator=whole(1), help="coupling layers")
    width: int = field(default=256, validator=whole(1), help="hidden units of a coupling layer's network")
    depth: int = field(default=2, validator=whole(1), help="hidden layers of a coupling layer's network")

    @property
    def noise_shape(self) -> Shape:
        """`(d,)`."""
        return (math.prod(self.latent),)

    def build(self) -> None:
        """Makes the coupling layers."""
        size = math.prod(self.latent)
        if size < 2:
            raise FitError(
                f"{self.qualified_name} needs latents of two coordinates or more, but they are "
                f"{tuple(self.latent)}; use sampler/mixture-prior"
            )
        even = torch.arange(size) % 2 == 0
        masks = [even if i % 2 == 0 else ~even for i in range(self.layers)]
        self.couplings = nn.ModuleList(Coupling(mask, self.width, self.depth) for mask in masks)

    def latents(self, noise: Tensor, label: Tensor | None = None) -> Tensor:
        """Noise `(n, d)` in [0, 1) → `(n, *latent)`."""
        x = normal_noise(noise)  # (n, d)
        for coupling in self.couplings:
            x = coupling(x)
        return x.reshape(-1, *self.latent)

    def log_density(self, latent: Tensor) -> Tensor:
        """log p(z) = log N(f⁻¹(z)) + Σ log |det ∂f⁻¹| at `(N, *latent)`: `(N,)`."""
        y, total = at_least_float32(latent).flatten(1), latent.new_zeros(())
        for coupling in reversed(self.couplings):
            assert isinstance(coupling, Coupling)
            y, determinant = coupling.inverse(y)
            total = total + determinant
        return log_prior(y) + total  # the change of variables, (N,)


class Coupling(nn.Module):
    """y = b ⊙ x + (1 - b) ⊙ (x ⊙ exp(s(b ⊙ x)) + t(b ⊙ x)), b a mask."""

    def __init__(self, mask: Tensor, width: int, depth: int) -> None:
        super().__init__()
        size = len(mask)
        self.mask = nn.Buffer(mask.float())
        sizes = [size, *[width] * depth]
        hidden = [layer for a, b in pairwise(sizes) for layer in (nn.Linear(a, b), nn.ReLU())]
        self.network = nn.Sequential(*hidden, nn.Linear(sizes[-1], 2 * size))
        self.scale = nn.Parameter(torch.ones(size))
        for parameter in self.network[-1].parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, d)` → `(N, d)`."""
        s, t = self._scale_and_shift(x)
        return x * torch.exp(s) + t  # s and t vanish where b is 1

    def inverse(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """`(N, d)` → `(N, d)` and the log-determinant of the inverse, `(N,)`."""
        s, t = self._scale_and_shift(y)  # b ⊙ y is b ⊙ x
        return (y - t) * torch.exp(-s), -s.sum(1)

    def _scale_and_shift(self, x: Tensor) -> tuple[Tensor, Tensor]:
        s, t = at_least_float32(self.network(x * self.mask)).chunk(2, 1)
        return torch.tanh(s) * self.scale * (1 - self.mask), t * (1 - self.mask)
