"""Several quantizers in a row, each of what the ones before left over."""

import torch
from torch import Tensor

from gancore.component.interfaces import Shape
from gancore.component.part import part
from gancore.component.precision import at_least_float32
from gancore.component.quantizer import Quantized
from gancore.standard.quantizers.several import SeveralQuantizers
from gancore.standard.quantizers.straight_through import straight_through


@part("residual")
class ResidualQuantizer(SeveralQuantizers):
    """Each quantizer replaces what the ones before left over; the quantized map is the sum.

    Paper: Zeghidour et al. 2021 (SoundStream), arXiv:2107.03312. There are L indices at each
    place, coarse to fine, `(N, *S, L)`. The gradient of the sum passes straight through, and terms of one
    name are added up.

    Raises:
        FitError: the quantizers have different numbers of codes.
    """

    examples = ({"quantizers": [{"part": "vector", "size": 5}, {"part": "moving-average", "size": 5}]},)

    @property
    def idempotent(self) -> bool:
        """No: the first vector of a sum need not be the one that is nearest to it."""
        return False

    def facts(self, seat: str) -> dict[str, Shape]:
        """The shape of the code, the same for all."""
        return {"code": tuple(self.code)}

    def forward(self, code: Tensor) -> Quantized:
        """`(N, D, *S)` → the quantized map, the indices `(N, *S, L)` and the terms."""
        rest = code = at_least_float32(code)
        made: list[Quantized] = []
        for quantizer in self.quantizers:
            made.append(quantizer(rest))
            rest = rest - made[-1].code.detach()
        index, terms = self.joined(made)
        total = torch.stack([one.code.detach() for one in made]).sum(0)
        return Quantized(straight_through(code, total), index, terms)

    def look_up(self, index: Tensor) -> Tensor:
        """Indices `(N, *S, L)` → code maps `(N, D, *S)`."""
        pairs = zip(self.quantizers, self.split(index), strict=True)
        return torch.stack([quantizer.look_up(some) for quantizer, some in pairs]).sum(0)
