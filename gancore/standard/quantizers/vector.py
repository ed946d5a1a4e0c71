"""The quantizer of VQ-VAE, with a codebook that gradients move."""

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Terms
from gancore.component.part import field, part
from gancore.component.validators import at_least
from gancore.standard.quantizers.nearest_vector import NearestQuantizer
from gancore.standard.quantizers.replaced import Replaced


@part("vector")
class VectorQuantizer(NearestQuantizer):
    """Each vector becomes the nearest of K learned ones; its gradient passes straight through.

    Paper: van den Oord et al. 2017 (VQ-VAE), arXiv:1711.00937, eqs. 1 to 3: the terms `codebook`,
    ‖sg[z_e(x)] - e‖², which moves the codebook by its gradient, and `commitment`, β ‖z_e(x) - sg[e]‖². As in
    the paper's released code, both are means over all values, where eq. 3 has sums over the vector, and the
    vectors begin uniform in [-1/K, 1/K). The codebook's moving average (appendix A.1) is
    `quantizer/moving-average`.

    The released code of VQGAN (Esser et al. 2020, arXiv:2012.09841) has β at the codebook's term unless it is
    told otherwise: `commitment=1, codebook_weight=0.25`.

    The curves are those of the last update: the perplexity exp(-Σ p log p) of the indices, and `usage`, the
    fraction of the K vectors that were used.
    """

    examples = ({"size": 5},)

    codebook_weight: float = field(
        default=1.0, validator=at_least(0), help="weight of the term that moves the codebook"
    )

    def build(self) -> None:
        """Makes the codebook `(K, D)`."""
        super().build()
        bound = 1 / self.size
        self.vectors = nn.Parameter(torch.empty(self.size, self.code[0]).uniform_(-bound, bound))

    def book(self) -> Tensor:
        """The parameter."""
        return self.vectors

    def put(self, which: Tensor, vectors: Tensor) -> None:
        """Vectors in place of others; what an optimizer knows of those stays."""
        self.vectors[which] = vectors.to(self.vectors.dtype)

    def terms(self, made: Replaced) -> Terms:
        """The codebook's and the commitment's terms of eq. 3."""
        return {"codebook": self.codebook_weight * made.to_book, **super().terms(made)}
