"""What quantizers that hold several others share: indices side by side, terms summed up."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from gancore.component.interfaces import Shape, Terms
from gancore.component.part import Seats, interface, seat
from gancore.component.quantizer import Quantized, Quantizer
from gancore.errors import FitError
from gancore.standard.quantizers.vector import VectorQuantizer


@interface("quantizer")
class SeveralQuantizers(Quantizer):
    """Holds quantizers of equally many codes; their indices `(N, *S)` or `(N, *S, L)` become one tensor, with
    one behind the other in its last dimension.
    """

    quantizers: Seats[Quantizer] = seat(
        default=(VectorQuantizer, VectorQuantizer), help="the quantizers, in order"
    )

    @property
    def codebook_size(self) -> int:
        """The number of codes of each."""
        return self.quantizers[0].codebook_size

    @property
    def index_shape(self) -> Shape:
        """`(*S, L)`, with L indices at each place."""
        return (*self.code[1:], sum(self.depths))

    @property
    def depths(self) -> list[int]:
        """How many indices each quantizer gives at a place."""
        places = len(self.code) - 1
        return [(*one.index_shape, 1)[places] for one in self.quantizers]

    @property
    def idempotent(self) -> bool:
        """Whether they all are."""
        return all(one.idempotent for one in self.quantizers)

    def build(self) -> None:
        """Raises FitError if the quantizers have different numbers of codes, or there are none."""
        sizes = [one.codebook_size for one in self.quantizers]
        if len(set(sizes)) != 1:
            raise FitError(
                f"{self.qualified_name} holds quantizers of {', '.join(map(str, sizes)) or 'no'} codes; give "
                "one or more, all with the same number, since their indices stand in one tensor"
            )

    def joined(self, made: Sequence[Quantized]) -> tuple[Tensor, Terms]:
        """The indices of all side by side, and the sums of the terms of one name."""
        places = len(self.code)  # the batch and S
        several = [one.indices.unsqueeze(-1) if one.indices.dim() == places else one.indices for one in made]
        return torch.cat(several, -1), summed(one.terms for one in made)

    def split(self, index: Tensor) -> list[Tensor]:
        """The indices of each quantizer."""
        parts = torch.split(index, self.depths, -1)
        return [
            part.reshape(len(index), *one.index_shape)
            for part, one in zip(parts, self.quantizers, strict=True)
        ]

    def scalars(self) -> dict[str, Tensor]:
        """The curves of each, under its number from 0."""
        found = ((i, one.scalars()) for i, one in enumerate(self.quantizers))
        return {f"{i}/{name}": value for i, values in found for name, value in values.items()}


def summed(several: Iterable[Terms]) -> Terms:
    """Terms of one name added up."""
    found: dict[str, list[Tensor]] = defaultdict(list)
    for terms in several:
        for name, term in terms.items():
            found[name].append(term)
    return {name: torch.stack(values).sum() for name, values in found.items()}
