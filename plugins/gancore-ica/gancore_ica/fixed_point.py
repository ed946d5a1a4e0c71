"""FastICA's fixed-point iteration, for all components at once or one after another."""

from abc import abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor

from gancore.component.part import Part, field, interface, part
from gancore.component.validators import above, whole
from gancore.progress import tell
from gancore_ica.contrasts import Contrast


class Found(NamedTuple):
    """An orthogonal matrix `(q, q)` whose rows are the components, the iterations that it took (the most that
    one component took), and whether all of them converged.
    """

    rotation: Tensor
    iterations: int
    converged: bool


@interface("fixed-point")
class FixedPoint(Part):
    """Finds the rotation of whitened rows `(N, q)` whose coordinates are most independent.

    `(white, start, contrast)` → `Found`; `start` is an orthogonal matrix `(q, q)`.
    """

    iterations: int = field(default=200, validator=whole(1), help="most iterations, of each component")
    tolerance: float = field(
        default=1e-4,
        validator=above(0),
        help="converged when 1 - |wᵀw'| of an iteration is below this",
        scheduled=False,
    )

    @abstractmethod
    def forward(self, white: Tensor, start: Tensor, contrast: Contrast) -> Found:
        """The rotation of whitened rows."""


@part("parallel")
class Parallel(FixedPoint):
    """All components at once, W ← (WWᵀ)^-½ W after each iteration.

    Paper: Hyvärinen 1999, Fast and robust fixed-point algorithms for independent component analysis, IEEE
    Transactions on Neural Networks 10: symmetric decorrelation. No component is preferred, and errors do not
    add up from one to the next.
    """

    def forward(self, white: Tensor, start: Tensor, contrast: Contrast) -> Found:
        """W of all components."""
        rotation = decorrelated(start)
        for i in range(1, self.iterations + 1):
            tell("iterations", i, self.iterations)
            before, rotation = rotation, decorrelated(iterated(white, rotation, contrast))
            if change(before, rotation) < self.tolerance:
                return Found(rotation, i, True)
        return Found(rotation, self.iterations, False)


@part("deflation")
class Deflation(FixedPoint):
    """One component after another, each orthogonal to those before it.

    Paper: Hyvärinen 1999, Fast and robust fixed-point algorithms for independent component analysis, IEEE
    Transactions on Neural Networks 10: deflationary decorrelation, as Gram and Schmidt do.
    """

    def forward(self, white: Tensor, start: Tensor, contrast: Contrast) -> Found:
        """W row by row."""
        rows, most, converged = start[:0], 0, True
        for i in range(len(start)):
            tell("components", i, len(start))
            row, count, fine = self._component(white, start[i : i + 1], rows, contrast)
            rows, most, converged = torch.cat([rows, row]), max(most, count), converged and fine
        return Found(rows, most, converged)

    def _component(
        self, white: Tensor, start: Tensor, others: Tensor, contrast: Contrast
    ) -> tuple[Tensor, int, bool]:
        """The next row `(1, q)`, its iterations, and whether it converged."""
        row = _orthogonal(start, others)
        for i in range(1, self.iterations + 1):
            before, row = row, _orthogonal(iterated(white, row, contrast), others)
            if change(before, row) < self.tolerance:
                return row, i, True
        return row, self.iterations, False


def iterated(white: Tensor, rotation: Tensor, contrast: Contrast) -> Tensor:
    """One step of each row: w ← E[x g(wᵀx)] - E[g'(wᵀx)] w, for whitened rows `(N, q)` and `(k, q)`."""
    derivatives: tuple[Tensor, Tensor] = contrast(white @ rotation.T)
    g, slope = derivatives  # (N, k), (N, k)
    stepped: Tensor = g.T @ white / len(white) - slope.mean(0)[:, None] * rotation
    return stepped


def decorrelated(rotation: Tensor) -> Tensor:
    """(WWᵀ)^-½ W, the orthogonal matrix nearest to W `(k, q)`."""
    left, _, right = torch.linalg.svd(rotation, full_matrices=False)
    nearest: Tensor = left @ right
    return nearest


def change(before: Tensor, after: Tensor) -> float:
    """The largest 1 - |wᵀw'| over the rows: 0 where the direction stays, whatever its sign."""
    return float((1 - (before * after).sum(1).abs()).abs().max())


def _orthogonal(row: Tensor, others: Tensor) -> Tensor:
    """A row `(1, q)` of length 1, without its parts along orthonormal rows `(k, q)`."""
    row = row - row @ others.T @ others
    unit: Tensor = row / row.norm()
    return unit
