"""Quantizers, and the conditioner that reads their indices."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from gancore.component.interfaces import Conditioner, Sampler, Shape
from gancore.component.part import RunningMean, Seat, fact, field, part, seat
from gancore.component.precision import at_least_float32
from gancore.component.quantizer import Quantized, Quantizer
from gancore.component.validators import at_least, whole

__all__ = ["Codebook", "UniformIndices", "VectorQuantizer"]


@part("vector")
class VectorQuantizer(Quantizer):
    """Each vector becomes the nearest of K learned ones; its gradient passes straight through.

    Paper: van den Oord et al. 2017 (VQ-VAE), arXiv:1711.00937, eqs. 1 to 3: the terms `codebook`,
    ‖sg[z_e(x)] - e‖², which moves the codebook by its gradient, and `commitment`, β ‖z_e(x) - sg[e]‖². As in
    the paper's released code, both are means over all values, where eq. 3 has sums over the vector, and the
    vectors begin uniform in [-1/K, 1/K). The codebook's moving average (appendix A.1) would be another part.

    The curves are those of the last update: the perplexity exp(-Σ p log p) of the indices, and `usage`, the
    fraction of the K vectors that were used.
    """

    examples = ({"size": 5},)

    size: int = field(default=512, validator=whole(2), help="number K of vectors")
    commitment: float = field(default=0.25, validator=at_least(0), help="β, weight of the commitment")

    @property
    def codebook_size(self) -> int:
        """K."""
        return self.size

    def build(self) -> None:
        """Makes the codebook `(K, D)`."""
        bound = 1 / self.size
        self.vectors = nn.Parameter(torch.empty(self.size, self.code[0]).uniform_(-bound, bound))
        self.register_buffer("perplexity", torch.ones(()), persistent=False)
        self.register_buffer("usage", torch.zeros(()), persistent=False)
        self.used = RunningMean()

    def forward(self, code: Tensor) -> Quantized:
        """`(N, D, *S)` → the quantized map, the indices `(N, *S)` and the terms of eq. 3."""
        code = at_least_float32(code)
        index = self._nearest(code)
        vectors = self.look_up(index)
        if self.training:
            counts = functional.one_hot(index.flatten(), self.size).sum(0)  # (K,)
            self.used.add(counts.to(vectors.dtype), index.numel())
        terms = {
            "codebook": functional.mse_loss(vectors, code.detach()),
            "commitment": self.commitment * functional.mse_loss(code, vectors.detach()),
        }
        return Quantized(code + (vectors - code).detach(), index, terms)

    def look_up(self, index: Tensor) -> Tensor:
        """Indices `(N, *S)` → code maps `(N, D, *S)`."""
        return self.vectors[index].movedim(-1, 1)

    def update_buffers(self) -> None:
        """Perplexity and usage of the indices of this update."""
        share = self.used.mean
        if share is not None:
            self.perplexity = torch.special.entr(share).sum().exp()
            self.usage = (share > 0).to(share.dtype).mean()

    def scalars(self) -> dict[str, Tensor]:
        """`perplexity` and `usage`."""
        return {"perplexity": self.perplexity, "usage": self.usage}

    def _nearest(self, code: Tensor) -> Tensor:
        """Eq. 1: the index of the nearest vector at each place, `(N, *S)`."""
        with torch.no_grad():
            rows = code.movedim(1, -1)  # (N, *S, D)
            vectors = self.vectors.to(rows.dtype)
            # |a - b|² without |a|², which is the same for all b
            distance = vectors.square().sum(1) - 2 * rows @ vectors.T  # (N, *S, K)
            return distance.argmin(-1)


@part("codebook")
class Codebook(Conditioner):
    """Looks the vectors of indices up: latents are maps of indices `(N, *S)`, codes are `(N, D, *S)`.

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
        """S."""
        return tuple(self.code[1:])

    @property
    def codebook_size(self) -> int:
        """The quantizer's K."""
        return self.quantizer.codebook_size

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, *S)` int64 → `(N, D, *S)`."""
        return self.quantizer.look_up(latent)


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
