"""Which tokens a token of a causal transformer attends to: all before it, or some of them."""

from abc import abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from gancore.component.part import Part, field, interface, part
from gancore.component.validators import whole

__all__ = ["AttentionPattern", "Dense", "Fixed", "Strided"]


@interface("attention-pattern")
class AttentionPattern(Part):
    """Which tokens each token attends to: `(length, row)` → bool `(P, T, T)`.

    `[p, i, j]` says whether token i attends to token j; block b of a transformer has the pattern b mod P.
    Every token attends to itself and to none after it. `row` is the number of tokens in a row of the map
    (of a sequence: the root of its length).
    """

    all_before: ClassVar[bool] = False
    """Whether every token attends to all before it, so that a new one needs no mask."""

    @abstractmethod
    def forward(self, length: int, row: int) -> Tensor:
        """`(P, T, T)` bool for T = `length` tokens."""


@part("dense")
class Dense(AttentionPattern):
    """Every token attends to itself and to all tokens before it, in every block."""

    all_before = True

    def forward(self, length: int, row: int) -> Tensor:
        """`(1, T, T)`."""
        return _causal(length)[None]


@part("strided")
class Strided(AttentionPattern):
    """In turn, the `stride` tokens before a token, and those that are a multiple of `stride` before it.

    Paper: Child et al. 2019 (sparse transformers), arXiv:1904.10509, section 4.3: A⁽¹⁾ of token i is
    {max(0, i - l), …, i}, and A⁽²⁾ is {j ≤ i : (i - j) mod l = 0}, with l near the root of the length;
    residual blocks use them in turn (section 5.1). By default l is a row of the map, so that the second is
    the column above. Patterns are masks of dense attention here: they change what is learned, and save no
    time.
    """

    stride: int = field(default=0, validator=whole(0), help="l in tokens; 0: a row of the map")

    def forward(self, length: int, row: int) -> Tensor:
        """`(2, T, T)`."""
        back, stride = _back(length), self.stride or row
        return torch.stack([back <= stride, back % stride == 0]) & _causal(length)


@part("fixed")
class Fixed(AttentionPattern):
    """In turn, the tokens of the own segment of `stride` tokens, and the last `summary` tokens of each
    segment.

    Paper: Child et al. 2019 (sparse transformers), arXiv:1904.10509, section 4.3: A⁽¹⁾ of token i is
    {j ≤ i : ⌊j/l⌋ = ⌊i/l⌋}, and A⁽²⁾ is {j ≤ i : j mod l ≥ l - c}, where tokens count from 0; the paper has c
    from 8 to 32 for l of 128 or 256. Differences: a token attends to itself in A⁽²⁾ too,
    without which the first ones would attend to none; and patterns are masks of dense attention, which save
    no time.
    """

    stride: int = field(default=0, validator=whole(0), help="l in tokens; 0: a row of the map")
    summary: int = field(default=1, validator=whole(1), help="c, tokens that all later segments attend to")

    def forward(self, length: int, row: int) -> Tensor:
        """`(2, T, T)`."""
        place, stride = torch.arange(length), self.stride or row
        segment = place // stride
        own = segment[:, None] == segment[None]
        last = (place % stride >= stride - self.summary)[None] | torch.eye(length, dtype=torch.bool)
        return torch.stack([own, last]) & _causal(length)


def _back(length: int) -> Tensor:
    """How far token j is before token i, `(T, T)`."""
    place = torch.arange(length)
    return place[:, None] - place[None]


def _causal(length: int) -> Tensor:
    return _back(length) >= 0
