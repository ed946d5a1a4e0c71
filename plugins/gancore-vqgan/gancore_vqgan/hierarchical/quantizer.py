"""A quantizer for each of several code maps."""

from typing import Any

from torch import Tensor

from gancore.component.interfaces import Shape
from gancore.component.part import Seats, fact, part, seat
from gancore.component.quantizer import Quantized, Quantizer
from gancore.errors import FitError
from gancore.nn.hierarchy import Hierarchy
from gancore.standard.quantizers import MovingAverageQuantizer

__all__ = ["LevelQuantizer"]


@part("levels")
class LevelQuantizer(Quantizer):
    """Code maps of several sizes, each with a quantizer of its own.

    Paper: Razavi et al. 2019 (VQ-VAE-2), arXiv:1906.00446, section 3.1; the codebooks are moving averages by
    default. The maps lie one behind the other, coarse to fine, in one code `(N, D)`, and so do their indices,
    `(N, L)` (`gancore.nn.Hierarchy`). The curves have the number of the level behind their names.

    Raises:
        FitError: there are not as many quantizers as levels, they differ in their numbers of vectors, or the
            code is not as long as the levels.
    """

    examples = (
        {
            "levels": ((3, 2, 2), (2, 4, 3)),
            "code": (36,),
            "quantizers": [{"part": "vector", "size": 5}, {"part": "moving-average", "size": 5}],
        },
    )

    levels: tuple[Shape, ...] = fact(help="shapes (D, …) of the code maps, coarse to fine, from the encoder")
    quantizers: Seats[Quantizer] = seat(
        default=(MovingAverageQuantizer, MovingAverageQuantizer), help="one for each level, coarse to fine"
    )

    def facts(self, seat: str) -> dict[str, Any]:
        """The shape of the map of each level."""
        number = seat.partition(".")[2]
        return {"code": tuple(self.levels[int(number)])} if number and int(number) < len(self.levels) else {}

    @property
    def codebook_size(self) -> int:
        """The number of vectors of each."""
        return self.quantizers[0].codebook_size

    @property
    def index_shape(self) -> Shape:
        """`(L,)`, the indices of all levels."""
        return self.indices.shape

    @property
    def idempotent(self) -> bool:
        """Whether all are."""
        return all(one.idempotent for one in self.quantizers)

    def build(self) -> None:
        """Checks that the quantizers fit the levels."""
        sizes = [one.codebook_size for one in self.quantizers]
        if len(sizes) != len(self.levels) or len(set(sizes)) != 1:
            raise FitError(
                f"{self.qualified_name} needs {len(self.levels)} quantizers with equally many vectors; got "
                f"{len(sizes)} with {', '.join(map(str, sizes)) or 'none'}"
            )
        self.maps = Hierarchy(self.levels)
        self.indices = Hierarchy([one.index_shape for one in self.quantizers])
        if tuple(self.code) != self.maps.shape:
            raise FitError(
                f"{self.qualified_name}: the maps {list(self.levels)} have {self.maps.shape[0]} values, but "
                f"the codes are {tuple(self.code)}"
            )

    def forward(self, code: Tensor) -> Quantized:
        """`(N, D)` → all maps quantized, one by one."""
        return self.joined([one(m) for one, m in zip(self.quantizers, self.maps.split(code), strict=True)])

    def joined(self, levels: list[Quantized]) -> Quantized:
        """The quantized maps of all levels as one."""
        terms = {f"{name} {i}": term for i, made in enumerate(levels) for name, term in made.terms.items()}
        return Quantized(
            self.maps.join([made.code for made in levels]),
            self.indices.join([made.indices for made in levels]),
            terms,
        )

    def look_up(self, index: Tensor) -> Tensor:
        """Indices `(N, L)` → `(N, D)`."""
        levels = zip(self.quantizers, self.indices.split(index), strict=True)
        return self.maps.join([one.look_up(indices) for one, indices in levels])

    def scalars(self) -> dict[str, Tensor]:
        """Those of each level."""
        every = enumerate(one.scalars() for one in self.quantizers)
        return {f"{name} {i}": value for i, scalars in every for name, value in scalars.items()}
