"""What quantizers with a book of vectors share: the nearest vector replaces each vector of the code."""

from abc import abstractmethod

from torch import Tensor
from torch.nn import functional

from gancore.component.interfaces import Terms
from gancore.component.part import field, interface
from gancore.component.precision import at_least_float32
from gancore.component.quantizer import Quantized
from gancore.component.validators import at_least, whole
from gancore.standard.quantizers.nearest import nearest
from gancore.standard.quantizers.straight_through import straight_through
from gancore.standard.quantizers.usage import CountingQuantizer


@interface("quantizer")
class BookQuantizer(CountingQuantizer):
    """Each vector becomes the nearest of a book of K; its gradient passes straight through.

    Paper: van den Oord et al. 2017 (VQ-VAE), arXiv:1711.00937, eqs. 1 to 3. A subclass writes `book`, and may
    write `seen` and `terms`.
    """

    size: int = field(default=512, validator=whole(2), help="number K of vectors")
    commitment: float = field(default=0.25, validator=at_least(0), help="β, weight of the commitment")

    @abstractmethod
    def book(self) -> Tensor:
        """The vectors as they replace others, `(K, D)`, with a gradient where that trains them."""

    @property
    def codebook_size(self) -> int:
        """K."""
        return self.size

    def seen(self, code: Tensor) -> Tensor:
        """The code map `(N, D, *S)` as it is compared with the book."""
        return code

    def terms(self, code: Tensor, vectors: Tensor) -> Terms:
        """`commitment`, β ‖z_e(x) - sg[e]‖²: the mean over all values of `(N, D, *S)` and `(N, D, *S)`."""
        return {"commitment": self.commitment * functional.mse_loss(code, vectors.detach())}

    def forward(self, code: Tensor) -> Quantized:
        """`(N, D, *S)` → the quantized map, the indices `(N, *S)` and the terms."""
        code, book = self.seen(at_least_float32(code)), at_least_float32(self.book())
        index = nearest(code.movedim(1, -1), book)  # eq. 1
        vectors = functional.embedding(index, book).movedim(-1, 1)  # (N, D, *S)
        self.count(index)
        return Quantized(straight_through(code, vectors), index, self.terms(code, vectors))

    def look_up(self, index: Tensor) -> Tensor:
        """Indices `(N, *S)` → code maps `(N, D, *S)`."""
        return functional.embedding(index, at_least_float32(self.book())).movedim(-1, 1)
