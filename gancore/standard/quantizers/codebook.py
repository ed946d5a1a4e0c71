"""The conditioner that reads the indices of a quantizer, and the prior that draws them uniformly."""

import torch
from torch import Tensor

from gancore.component.interfaces import Conditioner, Sampler, Shape
from gancore.component.part import Seat, fact, part, seat
from gancore.component.quantizer import Quantizer
from gancore.standard.quantizers.vector import VectorQuantizer


@part("codebook")
class Codebook(Conditioner):
    """Looks the vectors of indices up: latents are maps of indices `(N, *S)`, or `(N, *S, L)` for a quantizer
    with L indices at each place; codes are `(N, D, *S)`.

    Paper: van den Oord et al. 2017 (VQ-VAE), arXiv:1711.00937, section 3.1; the quantizer is the one that was
    trained, in its second seat. Labels are ignored.
    """

    examples = ({"quantizer": {"part": "vector", "size": 5}, "code": (3, 2, 4)},)

    quantizer: Seat[Quantizer] = seat(default=VectorQuantizer, help="the quantizer that holds the vectors")

    def facts(self, seat: str) -> dict[str, Shape]:
        """The shape of the code."""
        return {"code": tuple(self.code)}

    @property
    def latent_shape(self) -> Shape:
        """The quantizer's shape of indices."""
        return self.quantizer.index_shape

    @property
    def codebook_size(self) -> int:
        """The quantizer's K."""
        return self.quantizer.codebook_size

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, *latent_shape)` int64 → `(N, D, *S)`."""
        return self.quantizer.look_up(latent)

    def snap(self, code: Tensor) -> Tensor:
        """`(N, D, *S)` → the quantized maps."""
        quantized: Tensor = self.quantizer(code).code
        return quantized


@part("uniform-indices")
class UniformIndices(Sampler):
    """Each index uniform in 0 … K-1: the prior that VQ-VAE is trained with (van den Oord et al. 2017,
    arXiv:1711.00937, section 3.1).
    """

    integer = True
    codebook_size: int = fact(help="number K of indices, given by the conditioner")

    def forward(self, n: int, label: Tensor | None = None, *, rng: torch.Generator) -> Tensor:
        """`(n, *latent)` int64."""
        return torch.randint(self.codebook_size, (n, *self.latent), generator=rng)
