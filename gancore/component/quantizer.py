"""The kind `quantizer`: from the vectors of a code map to those of a codebook."""

from abc import abstractmethod
from typing import NamedTuple

from torch import Tensor

from gancore.component.interfaces import Shape, Terms
from gancore.component.part import Part, fact, interface


class Quantized(NamedTuple):
    """A quantized code map.

    Attributes:
        code: `(N, D, *S)`, through which gradients reach the code map that was quantized.
        indices: `(N, *index_shape)` int64 in 0 … K-1, what each vector was replaced by.
        terms: scalars that the recipe adds to its own, each a mean over the rows.
    """

    code: Tensor
    indices: Tensor
    terms: Terms


@interface("quantizer")
class Quantizer(Part):
    """Replaces each vector of a code map by one of a finite set: `(code)` → `Quantized`.

    Code maps are `(N, D, *S)`, with vectors of D values at each place of S. An index is one of K. There is
    one at each place, `(N, *S)`, or, where `index_shape` says so, several, `(N, *S, L)`, as those of
    a residual quantizer. `look_up` turns indices back into code maps, which the conditioner `codebook` makes
    of latents. In eval mode row i depends on row i alone.
    """

    code: Shape = fact(default=None, help="shape (D, …) of one code map, given by the generator")

    @property
    @abstractmethod
    def codebook_size(self) -> int:
        """The number K of values of an index."""

    @property
    def index_shape(self) -> Shape:
        """The shape of the indices of one code map."""
        return tuple(self.code[1:])

    @property
    def idempotent(self) -> bool:
        """Whether a quantized map is quantized to itself."""
        return True

    @abstractmethod
    def forward(self, code: Tensor) -> Quantized:
        """`(N, D, *S)` → the quantized map, float32; its indices; and named terms."""

    @abstractmethod
    def look_up(self, index: Tensor) -> Tensor:
        """Indices `(N, *index_shape)` → code maps `(N, D, *S)` float32."""

    def scalars(self) -> dict[str, Tensor]:
        """Values that the report plots as curves, by name."""
        return {}
