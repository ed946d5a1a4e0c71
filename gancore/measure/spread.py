"""How much a value would change with other samples: standard errors of fractions and of any statistic."""

import math
from collections.abc import Callable

from torch import Tensor

GROUPS = 10
"""Groups of rows that the jackknife leaves out one after the other."""


def error_of_fraction(fraction: float, count: int) -> float:
    """The standard error of a fraction of `count` images, as if one more were in and one more were not, so
    that it is not zero where all or none are.
    """
    within = (fraction * count + 1) / (count + 2)
    return math.sqrt(within * (1 - within) / (count + 2))


def jackknife_error(rows: Tensor, statistic: Callable[[Tensor], float]) -> float | None:
    """The standard error of a statistic of rows `(N, …)`, from its values without each tenth of them; None
    for fewer than two rows a group.

    Paper: Tukey 1958, with groups left out. Draws nothing.
    """
    if len(rows) < 2 * GROUPS:
        return None
    without = [statistic(rows[_but(len(rows), group)]) for group in range(GROUPS)]
    mean = sum(without) / GROUPS
    return math.sqrt((GROUPS - 1) / GROUPS * sum((value - mean) ** 2 for value in without))


def _but(count: int, group: int) -> list[int]:
    return [index for index in range(count) if index % GROUPS != group]
