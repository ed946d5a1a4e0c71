"""A quantizer of fewer channels than the code has."""

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Shape
from gancore.component.part import field, part
from gancore.component.precision import at_least_float32
from gancore.component.quantizer import Quantized
from gancore.component.validators import whole
from gancore.standard.quantizers.wrapper import QuantizerWrapper


@part("projected")
class ProjectedQuantizer(QuantizerWrapper):
    """Quantizes what a linear layer makes of each vector, and turns it back with a second one.

    Paper: Yu et al. 2021 (ViT-VQGAN), arXiv:2110.04627, whose codes have fewer dimensions than the encoder's
    vectors; `quantizer/fsq` and `quantizer/lfq` read few channels too. Each layer has a bias.
    """

    examples = (
        {"quantizer": {"part": "cosine", "size": 5}, "depth": 3},
        {"quantizer": {"part": "lfq"}, "depth": 2},
    )

    depth: int = field(default=8, validator=whole(1), help="number of channels that are quantized")

    @property
    def idempotent(self) -> bool:
        """No: the layers do not undo each other."""
        return False

    def facts(self, seat: str) -> dict[str, Shape]:
        """The shape of the code inside."""
        return {"code": (self.depth, *self.code[1:])}

    def build(self) -> None:
        """Makes the layers."""
        self.down, self.up = nn.Linear(self.code[0], self.depth), nn.Linear(self.depth, self.code[0])

    def forward(self, code: Tensor) -> Quantized:
        """`(N, D, *S)` → the quantized map, and the indices and terms of the quantizer inside."""
        made: Quantized = self.quantizer(self.down(code.movedim(1, -1)).movedim(-1, 1))
        return made._replace(code=self._up(made.code))

    def look_up(self, index: Tensor) -> Tensor:
        """Indices → code maps `(N, D, *S)`."""
        return self._up(self.quantizer.look_up(index))

    def _up(self, code: Tensor) -> Tensor:
        # not under autocast: the map of an index is the same wherever it is looked up
        with torch.autocast(code.device.type, enabled=False):
            return at_least_float32(self.up(code.movedim(1, -1)).movedim(-1, 1))
