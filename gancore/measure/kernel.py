"""The kernel distance: the squared maximum mean discrepancy of features under a cubic kernel."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from gancore.component.part import field, part
from gancore.component.validators import whole
from gancore.measure.picking import need, some_rows
from gancore.measure.score import Score, Value
from gancore.measure.study import Study


def cubic_kernel(first: Tensor, second: Tensor) -> Tensor:
    """k(x, y) = (x·y / D + 1)³ of rows `(N, D)` and `(M, D)`: `(N, M)` float64 (Bińkowski et al. 2018)."""
    return (first.double() @ second.double().T / first.shape[1] + 1) ** 3


def kernel_distance(first: Tensor, second: Tensor) -> float:
    """The unbiased estimate of MMD² under the cubic kernel between rows `(N, D)` and `(M, D)`; may be
    negative.

    Papers: Gretton et al. 2012, JMLR 13, lemma 6, eq. 3; Bińkowski et al. 2018, arXiv:1801.01401, section 4.
    """
    within = sum(_mean_of_others(cubic_kernel(rows, rows)) for rows in (first, second))
    return float(within - 2 * cubic_kernel(first, second).mean())


def _mean_of_others(kernel: Tensor) -> Tensor:
    return (kernel.sum() - kernel.trace()) / (len(kernel) * (len(kernel) - 1))


def kernel_distances(real: Tensor, fake: Tensor, *, subsets: int, size: int, rng: torch.Generator) -> Tensor:
    """The kernel distances of `subsets` random subsets of `size` rows per side, `(subsets,)` float64."""
    found = [kernel_distance(some_rows(real, size, rng), some_rows(fake, size, rng)) for _ in range(subsets)]
    return torch.tensor(found, dtype=torch.float64)


def standard_error(distances: Tensor, size: int, count: int) -> float | None:
    """The standard error of the mean over overlapping subsets of `size` out of `count` rows; None if a subset
    is the whole.

    With v the variance between subsets, v / subsets is due to their choice; and v = Var(size) - Var(count)
    with Var falling as one over the number of rows, which leaves v · size / (count - size) for the choice of
    the `count` rows themselves.
    """
    if size >= count or len(distances) < 2:
        return None
    between = float(distances.var(correction=1))
    return math.sqrt(between / len(distances) + between * size / (count - size))


@part("kernel")
class Kernel(Score):
    """The squared maximum mean discrepancy under a cubic kernel, unbiased, as the mean over random subsets.

    Paper: Bińkowski et al. 2018 (Demystifying MMD GANs), arXiv:1801.01401, section 4: 100 subsets of 1,000
    images, as published. If a side has no more than `size` images, subsets are half of it. The error is the
    standard error of the mean, including the choice of the images; papers often report the deviation between
    subsets, which may be larger or smaller.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({"subsets": 5},)
    subsets: int = field(default=100, validator=whole(1), help="number of random subsets that are averaged")
    size: int = field(default=1000, validator=whole(2), help="images per side in each subset")

    def forward(self, study: Study) -> dict[str, Value]:
        """`KID[title]`, lower is better; 0 in expectation for equal distributions."""
        name = f"KID[{study.title}]"
        real, fake = study.features("reference"), study.features("samples")
        need(name, 8, "two halves of some size", reference=len(real), samples=len(fake))
        fewest = min(len(real), len(fake))
        size = self.size if self.size < fewest else fewest // 2
        found = kernel_distances(real, fake, subsets=self.subsets, size=size, rng=study.rng("kernel"))
        return {name: Value(float(found.mean()), standard_error(found, size, fewest), "lower", perfect=0)}
