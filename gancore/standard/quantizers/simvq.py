"""A frozen codebook that a linear layer moves as a whole."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from gancore.component.interfaces import Terms
from gancore.component.part import part
from gancore.errors import FitError
from gancore.standard.quantizers.nearest_vector import NearestQuantizer
from gancore.standard.quantizers.replaced import Replaced


@part("simvq")
class SimVQ(NearestQuantizer):
    """Each vector becomes the nearest of K that a learned linear layer makes of random ones: a gradient of a
    single vector moves all.

    Paper: Zhu et al. 2024 (SimVQ), arXiv:2411.02038: the book is C W, with C normal of variance 1/D and
    fixed. As in the released code, W is a linear layer with a bias in PyTorch's start. Terms and curves are
    those of `quantizer/vector`.
    """

    examples = ({"size": 5},)

    def build(self) -> None:
        """Makes C `(K, D)` and the linear layer."""
        super().build()
        depth = self.code[0]
        self.basis: Tensor = nn.Buffer(torch.randn(self.size, depth) * depth**-0.5)
        self.linear = nn.Linear(depth, depth)

    def book(self) -> Tensor:
        """C W, in float32 under autocast too."""
        weight, bias = self.linear.weight, self.linear.bias
        with torch.autocast(weight.device.type, enabled=False):
            return functional.linear(self.basis, weight, bias)

    def check_put(self) -> None:
        """Raises FitError: the vectors cannot be chosen."""
        raise FitError(
            f"{self.qualified_name} makes its vectors of a fixed basis, so they can neither start from data "
            "nor be revived; put it there without the wrapper, or use quantizer/vector"
        )

    def put(self, which: Tensor, vectors: Tensor) -> None:
        """Raises FitError."""
        self.check_put()

    def terms(self, made: Replaced) -> Terms:
        """The codebook's and the commitment's terms."""
        return {"codebook": made.to_book, **super().terms(made)}
