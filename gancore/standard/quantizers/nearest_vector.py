"""What quantizers with a book of vectors share: the nearest vector replaces each vector of the code."""

from torch import Tensor
from torch.nn import functional

from gancore.component.interfaces import Terms
from gancore.component.part import field, interface
from gancore.component.precision import at_least_float32
from gancore.component.quantizer import Quantized
from gancore.component.validators import at_least, whole
from gancore.standard.quantizers.book import BookQuantizer
from gancore.standard.quantizers.nearest import nearest
from gancore.standard.quantizers.replaced import Replaced, replaced
from gancore.standard.quantizers.usage import CountingQuantizer


@interface("quantizer")
class NearestQuantizer(CountingQuantizer, BookQuantizer):
    """Each vector becomes the nearest of a book of K; its gradient passes straight through.

    Paper: van den Oord et al. 2017 (VQ-VAE), arXiv:1711.00937, eqs. 1 to 3. A subclass writes `book` and
    `put`, and may write `seen`, `terms` and `observe`.
    """

    size: int = field(default=512, validator=whole(2), help="number K of vectors")
    commitment: float = field(default=0.25, validator=at_least(0), help="β, weight of the commitment")

    @property
    def codebook_size(self) -> int:
        """K."""
        return self.size

    def seen(self, code: Tensor) -> Tensor:
        """The code map itself."""
        return code

    def terms(self, made: Replaced) -> Terms:
        """`commitment`, β ‖z_e(x) - sg[e]‖²: a mean over all values."""
        return {"commitment": self.commitment * made.to_code}

    def observe(self, code: Tensor, index: Tensor) -> None:
        """What training looks at: the indices `(N, *S)` that a code map `(N, D, *S)` got."""
        self.count(index)

    def forward(self, code: Tensor) -> Quantized:
        """`(N, D, *S)` → the quantized map, the indices `(N, *S)` and the terms."""
        code, book = self.seen(at_least_float32(code)), at_least_float32(self.book())
        index = nearest(code.movedim(1, -1), book)  # eq. 1
        made = replaced(code, book, index)
        if self.training:
            self.observe(code.detach(), index)
        return Quantized(made.code, index, self.terms(made))

    def look_up(self, index: Tensor) -> Tensor:
        """Indices `(N, *S)` → code maps `(N, D, *S)`."""
        return functional.embedding(index, at_least_float32(self.book())).movedim(-1, 1)
