"""Finite scalar quantization."""

import math

import torch
from torch import Tensor, nn

from gancore.component.part import field, part
from gancore.component.precision import at_least_float32
from gancore.component.quantizer import Quantized
from gancore.component.validators import as_tuple
from gancore.standard.quantizers.implicit import check_depth, check_size
from gancore.standard.quantizers.straight_through import rounded
from gancore.standard.quantizers.usage import CountingQuantizer

EPSILON = 1e-3
"""How far the bounds keep from the next level, as in the paper's code."""


def _levels(_: object, attribute: object, value: object) -> None:
    """Raises ValueError unless these are two or more levels for each channel."""
    whole = isinstance(value, tuple) and all(type(level) is int and level >= 2 for level in value)
    if not whole or not value:
        raise ValueError(f"levels must be a number for each channel, whole and at least 2; got {value!r}")


@part("fsq")
class FiniteScalarQuantizer(CountingQuantizer):
    """Each value becomes one of a few levels of its channel; every combination of levels is a code.

    Paper: Mentzer et al. 2023 (FSQ), arXiv:2309.15505; bounds and indices are those of the code in appendix
    A.1: (L - 1) / 2 tanh, a little less, and shifted where L is even, is rounded and divided by ⌊L/2⌋. The
    code has as many channels as there are levels; `quantizer/projected` around this one fits any number.
    There are no terms. The curves are those of `quantizer/vector`.

    Raises:
        FitError: the code has another number of channels, or there are too many codes to count.
    """

    examples = ({"levels": (5, 4)}, {"levels": (3, 2, 4, 5)})

    levels: tuple[int, ...] = field(
        default=(8, 5, 5, 5), converter=as_tuple, validator=_levels, help="levels of each channel"
    )

    @property
    def codebook_size(self) -> int:
        """The product of the levels."""
        return math.prod(self.levels)

    @property
    def idempotent(self) -> bool:
        """No: values are squeezed between the bounds once more."""
        return False

    def build(self) -> None:
        """Makes what indices are counted by."""
        check_depth(self, len(self.levels), "levels")
        check_size(self)
        super().build()
        levels = torch.tensor(self.levels)
        self.level: Tensor = nn.Buffer(levels, persistent=False)
        steps = torch.cat([torch.ones(1, dtype=torch.int64), levels[:-1]]).cumprod(0)
        self.step: Tensor = nn.Buffer(steps, persistent=False)

    def forward(self, code: Tensor) -> Quantized:
        """`(N, D, *S)` → values in [-1, 1], the indices `(N, *S)`, and no terms."""
        rows = at_least_float32(code).movedim(1, -1)  # (N, *S, D)
        half = self.level // 2
        digits = rounded(self._bounded(rows))  # -half … half - 1, or half where L is odd
        index = ((digits.detach().long() + half) * self.step).sum(-1)
        if self.training:
            self.count(index)
        return Quantized((digits / half).movedim(-1, 1), index, {})

    def look_up(self, index: Tensor) -> Tensor:
        """Indices `(N, *S)` → values in [-1, 1], `(N, D, *S)`."""
        half = self.level // 2
        digits = index[..., None] // self.step % self.level - half
        return (digits / half).movedim(-1, 1)

    def _bounded(self, rows: Tensor) -> Tensor:
        half = (self.level - 1).to(rows.dtype) * (1 - EPSILON) / 2
        offset = (self.level % 2 == 0).to(rows.dtype) / 2
        return torch.tanh(rows + torch.tan(offset / half)) * half - offset
