"""Several quantizers side by side, each of some of the channels."""

import torch
from torch import Tensor

from gancore.component.interfaces import Shape
from gancore.component.part import part
from gancore.component.quantizer import Quantized
from gancore.errors import FitError
from gancore.standard.quantizers.several import SeveralQuantizers


@part("grouped")
class GroupedQuantizer(SeveralQuantizers):
    """Each quantizer has an equal share of the channels: with `quantizer/vector` product quantization, with
    `quantizer/residual` the grouped residual one.

    Paper: Yang et al. 2023 (HiFi-Codec), arXiv:2305.02765. The indices at a place are those of the first
    group, then those of the next, `(N, *S, L)`. Terms of one name are added up.

    Raises:
        FitError: the channels cannot be shared equally, or the quantizers have different numbers of codes.
    """

    examples = (
        {"quantizers": [{"part": "vector", "size": 5}, {"part": "vector", "size": 5}]},
        {
            "quantizers": [
                {"part": "residual", "quantizers": [{"part": "vector", "size": 3}] * 2},
                {"part": "vector", "size": 3},
            ]
        },
    )

    def facts(self, seat: str) -> dict[str, Shape]:
        """The shape of a group's part of the code. Raises FitError if the channels cannot be shared."""
        groups, depth = len(self.quantizers), self.code[0]
        if depth % groups:
            raise FitError(
                f"{self.qualified_name} has {groups} groups, which cannot share the {depth} channels of the "
                f"code {tuple(self.code)} equally; give a number of quantizers that divides {depth}"
            )
        return {"code": (depth // groups, *self.code[1:])}

    def forward(self, code: Tensor) -> Quantized:
        """`(N, D, *S)` → the quantized map, the indices `(N, *S, L)` and the terms."""
        groups = zip(self.quantizers, code.chunk(len(self.quantizers), 1), strict=True)
        made: list[Quantized] = [quantizer(group) for quantizer, group in groups]
        index, terms = self.joined(made)
        return Quantized(torch.cat([one.code for one in made], 1), index, terms)

    def look_up(self, index: Tensor) -> Tensor:
        """Indices `(N, *S, L)` → code maps `(N, D, *S)`."""
        pairs = zip(self.quantizers, self.split(index), strict=True)
        return torch.cat([quantizer.look_up(some) for quantizer, some in pairs], 1)
