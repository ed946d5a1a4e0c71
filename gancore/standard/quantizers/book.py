"""Quantizers with a book of vectors, and what may be done with it from outside."""

from abc import abstractmethod

from torch import Tensor

from gancore.component.part import interface
from gancore.component.quantizer import Quantizer


@interface("quantizer")
class BookQuantizer(Quantizer):
    """Replaces each vector by the nearest of a book of K, which starts and revivals may change."""

    @abstractmethod
    def book(self) -> Tensor:
        """The vectors as they replace others, `(K, D)`, with a gradient where that trains them."""

    @abstractmethod
    def seen(self, code: Tensor) -> Tensor:
        """The code map `(N, D, *S)` as it is compared with the book."""

    def check_put(self) -> None:
        """Raises FitError if no vectors can be put in; called at assembly by who would."""

    @abstractmethod
    def put(self, which: Tensor, vectors: Tensor) -> None:
        """Puts vectors `(M, D)` at the indices `which`, `(M,)`, in place of those that were there; called
        without gradients.
        """
