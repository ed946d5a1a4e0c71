"""Where labels come from. Every number is drawn from `rng` on the CPU."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from gancore.component.interfaces import LabelSampler
from gancore.component.part import part
from gancore.errors import FactError, FitError

__all__ = ["EmpiricalLabels", "UniformLabels"]


@part("empirical")
class EmpiricalLabels(LabelSampler):
    """Classes as frequent as in the data; equally frequent until `learn` has told the frequencies.

    Raises:
        FactError: labels are drawn, but the data have none.
        FitError: the frequencies do not fit the number of classes.
    """

    def build(self) -> None:
        """Starts from equal frequencies, kept in a buffer."""
        self.frequencies: Tensor
        self.register_buffer("frequencies", torch.full((self.classes,), 1 / max(self.classes, 1)))

    def learn(self, frequencies: Sequence[float]) -> None:
        """Takes counts or frequencies, one a class."""
        given = [float(f) for f in frequencies]
        if len(given) != self.classes or not sum(given) > 0 or not all(0 <= f < math.inf for f in given):
            raise FitError(
                f"{self.qualified_name} takes one frequency, 0 or more and not all 0, "
                f"for each of {self.classes} classes; "
                f"got {given}: count the data's labels"
            )
        self.frequencies.copy_(torch.tensor(given) / sum(given))

    def forward(self, n: int, *, rng: torch.Generator) -> Tensor:
        """`(n,)` int64."""
        _need_classes(self)
        return (
            torch.multinomial(self.frequencies.cpu(), n, replacement=True, generator=rng)
            if n
            else torch.empty(0, dtype=torch.int64)
        )


@part("uniform")
class UniformLabels(LabelSampler):
    """Every class equally often, whatever the data have.

    Raises:
        FactError: labels are drawn, but the data have none.
    """

    def forward(self, n: int, *, rng: torch.Generator) -> Tensor:
        """`(n,)` int64."""
        _need_classes(self)
        return torch.randint(self.classes, (n,), generator=rng)


def _need_classes(sampler: LabelSampler) -> None:
    if sampler.classes < 1:
        raise FactError(
            f"{sampler.qualified_name}: the data have no labels; "
            "give labeled data, or parts that read no labels"
        )
