"""What quantizers around another one share: all that they do not change is the inner one's."""

from torch import Tensor

from gancore.component.interfaces import Shape
from gancore.component.part import Seat, interface, seat
from gancore.component.quantizer import Quantized, Quantizer
from gancore.standard.quantizers.book import BookQuantizer
from gancore.standard.quantizers.vector import VectorQuantizer


@interface("quantizer")
class QuantizerWrapper(Quantizer):
    """A quantizer around any other."""

    quantizer: Seat[Quantizer] = seat(default=VectorQuantizer, help="the quantizer inside")

    def facts(self, seat: str) -> dict[str, Shape]:
        """The shape of the code."""
        return {"code": tuple(self.code)}

    @property
    def codebook_size(self) -> int:
        """That of the quantizer inside."""
        return self.quantizer.codebook_size

    @property
    def index_shape(self) -> Shape:
        """That of the quantizer inside."""
        return self.quantizer.index_shape

    @property
    def idempotent(self) -> bool:
        """Whether the quantizer inside is."""
        return self.quantizer.idempotent

    def forward(self, code: Tensor) -> Quantized:
        """What the quantizer inside makes."""
        made: Quantized = self.quantizer(code)
        return made

    def look_up(self, index: Tensor) -> Tensor:
        """What the quantizer inside looks up."""
        return self.quantizer.look_up(index)

    def scalars(self) -> dict[str, Tensor]:
        """The curves of the quantizer inside."""
        return self.quantizer.scalars()


@interface("quantizer")
class BookWrapper(QuantizerWrapper, BookQuantizer):
    """A quantizer around one with a book of vectors."""

    quantizer: Seat[BookQuantizer] = seat(default=VectorQuantizer, help="the quantizer with the vectors")

    def book(self) -> Tensor:
        """The book of the quantizer inside."""
        return self.quantizer.book()

    def seen(self, code: Tensor) -> Tensor:
        """What the quantizer inside compares with it."""
        return self.quantizer.seen(code)

    def check_put(self) -> None:
        """Raises FitError if none can be put into the quantizer inside."""
        self.quantizer.check_put()

    def put(self, which: Tensor, vectors: Tensor) -> None:
        """Puts vectors into the quantizer inside."""
        self.quantizer.put(which, vectors)
