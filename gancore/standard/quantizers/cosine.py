"""Codes on the unit sphere."""

from torch import Tensor, nn
from torch.nn import functional

from gancore.component.part import part
from gancore.standard.quantizers.vector import VectorQuantizer


@part("cosine")
class CosineQuantizer(VectorQuantizer):
    """Each vector becomes the one of K in the most similar direction; codes and codebook have length 1.

    Paper: Yu et al. 2021 (ViT-VQGAN), arXiv:2110.04627; the terms are those of `quantizer/vector` between
    vectors of length 1, whose directions are uniform at first. The codes of few dimensions there are
    `quantizer/projected` around this one.
    """

    def build(self) -> None:
        """Makes the codebook `(K, D)`."""
        super().build()
        nn.init.normal_(self.vectors, std=self.code[0] ** -0.5)

    def book(self) -> Tensor:
        """The parameter's directions."""
        return functional.normalize(self.vectors, dim=1)

    def seen(self, code: Tensor) -> Tensor:
        """The code map with vectors of length 1."""
        return functional.normalize(code, dim=1)
