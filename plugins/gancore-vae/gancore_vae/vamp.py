"""The VampPrior."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from gancore.component.interfaces import ImageShape, Shape
from gancore.component.part import Seat, fact, field, part, seat
from gancore.component.validators import whole
from gancore.errors import FitError
from gancore.nn.diagonal_gaussian import DiagonalGaussian
from gancore_vae.networks import GaussianEncoder
from gancore_vae.priors import Prior, mixture_density, normal_noise


@part("vamp")
class Vamp(Prior):
    """p(z) = 1/K Σ_k q(z | u_k): the mixture of the posteriors of K learned images u_k, the pseudo-inputs.

    Paper: Tomczak & Welling 2017, arXiv:1705.07120. `encoder` is the recipe's own, the same part in two
    seats: `prior = {part = "vamp", encoder = {same = "encoder"}}`, as the preset `vamp-vae` has it; a table
    that says so names its encoder too. Pseudo-inputs are tanh of a learned parameter, which keeps them in
    [-1, 1], and start as uniform noise.

    Raises:
        FitError: the encoder reads labels.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {"components": 3, "encoder": {"part": "convolutional-encoder", "width": 4}},
    )

    image: ImageShape = fact(default=None, help="shape (C, H, W) of one image, given by the data")
    encoder: Seat[GaussianEncoder] = seat(help='that of the recipe, {same = "encoder"}')
    components: int = field(default=500, validator=whole(1), help="the number K of pseudo-inputs")

    def facts(self, seat: str) -> dict[str, Any]:
        """The encoder reads images, and makes latents."""
        return {"image": self.image, "latent": tuple(self.latent)}

    @property
    def noise_shape(self) -> Shape:
        """`(1 + d,)`: one number for the component, d for the coordinates."""
        return (1 + math.prod(self.latent),)

    def build(self) -> None:
        """Makes the pseudo-inputs."""
        if self.encoder.conditional:
            raise FitError(
                f"{self.qualified_name} encodes images without labels, but {self.encoder.qualified_name} "
                "reads labels; use sampler/mixture-prior"
            )
        uniform = torch.rand(self.components, *self.image) * 2 - 1
        self.inputs = nn.Parameter(torch.atanh(0.9 * uniform))

    def posteriors(self) -> DiagonalGaussian:
        """q(z | u_k): K Gaussians over `(*latent)`."""
        found: DiagonalGaussian = self.encoder(torch.tanh(self.inputs))
        return found

    def latents(self, noise: Tensor, label: Tensor | None = None) -> Tensor:
        """Noise `(n, 1 + d)` in [0, 1) → `(n, *latent)`."""
        parts = self.posteriors()
        chosen = (noise[:, 0] * self.components).long().clamp(max=self.components - 1)  # (n,)
        normal = normal_noise(noise[:, 1:]).reshape(-1, *self.latent)
        return parts.mean[chosen] + torch.exp(parts.log_variance[chosen] / 2) * normal  # (n, *latent)

    def log_density(self, latent: Tensor) -> Tensor:
        """log 1/K Σ_k q(z | u_k) at `(N, *latent)`: `(N,)`."""
        even = latent.new_full((self.components,), -math.log(self.components))  # (K,)
        return mixture_density(latent, self.posteriors(), even)
