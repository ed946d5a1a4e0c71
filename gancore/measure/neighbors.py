"""Nearest neighbors and distances of many rows to many, some at a time, so that no whole matrix of distances
is ever held.
"""

from collections.abc import Iterator

import attrs
import torch
from torch import Tensor

from gancore.errors import MeasureError

CELLS = 2**24
"""Distances held at once: 128 MB in float64."""
STRICT = 1 - 1e-9
"""A squared distance inside a ball is less than this share of its squared radius, so that a tie is outside
however it is rounded.
"""
SMALL = 1e-3
"""A squared distance |x - y|² above this share of |x|² is known well enough for `STRICT`: to 3e-14 |x|² in
2,048 dimensions.
"""


@attrs.define
class Block:
    """Squared Euclidean distances of some rows `(n, D)` to all points `(M, D)`: `squared`, `(n, M)` float64.

    |x - y|² = |x|² + |y|² - 2 x·y, about the mean of the points. Small ones, where digits cancel, are
    computed again from x - y as soon as a result depends on them, so that equal rows are at 0, and nothing
    depends on how a machine rounds its sums.
    """

    part: slice
    rows: Tensor
    points: Tensor
    squared: Tensor
    small: Tensor
    """`(n, 1)`: squared distances up to here may be off by more than `STRICT` allows."""

    @property
    def slack(self) -> Tensor:
        """`(n, 1)`: how far a squared distance may be off, with room to spare."""
        return self.small * (1 - STRICT)

    def inside(self, reach: Tensor) -> Tensor:
        """Which points are nearer than `reach` (see `balls`), `(M,)` of the points or `(n, 1)` of the
        rows: `(n, M)` bool.
        """
        if bool(((reach > 0) & (reach <= self.small.amax())).any()):
            self.take_again(((self.squared - reach).abs_() <= self.slack) & (reach > 0))
        return self.squared < reach

    def nearest(self, k: int) -> tuple[Tensor, Tensor]:
        """The k smallest squared distances of each row and their indices, `(n, k)`, smallest first."""
        found = self.squared.topk(k, largest=False, sorted=True)
        if bool(((found.values > 0) & (found.values <= self.small)).any()):
            self.take_again(
                (self.squared <= found.values[:, -1:] + 2 * self.slack) & (self.squared <= self.small)
            )
            found = self.squared.topk(k, largest=False, sorted=True)
        return found.values, found.indices

    def take_again(self, doubtful: Tensor) -> None:
        """Computes the doubtful ones from the differences of the rows; what is 0 already is not doubted."""
        size = max(1, CELLS // (8 * self.points.shape[1]))
        first, second = (doubtful & (self.squared > 0)).nonzero(as_tuple=True)
        for i, j in zip(torch.split(first, size), torch.split(second, size), strict=True):
            self.squared[i, j] = (self.rows[i].double() - self.points[j].double()).square_().sum(1)


def blocks(rows: Tensor, points: Tensor) -> Iterator[Block]:
    """The distances of `(N, D)` to `(M, D)`, some rows at a time, in order."""
    mean = points.double().mean(0)
    centered = points.double() - mean
    norms = centered.square().sum(1)
    size = max(1, CELLS // max(1, len(points)))
    for start in range(0, len(rows), size):
        some = rows[start : start + size].double() - mean
        own, part = some.square().sum(1, keepdim=True), slice(start, start + len(some))
        squared = (
            torch.addmm(norms[None], some, centered.T, alpha=-2)
            .add_(own)
            .clamp_(min=torch.finfo(torch.float64).tiny)
        )
        yield Block(part, rows[part], points, squared, SMALL * own)


def nearest(samples: Tensor, training: Tensor, k: int, *, apart: bool = False) -> tuple[Tensor, Tensor]:
    """The k nearest rows of `training` `(M, D)` for each row of `samples` `(N, D)`, nearest first.

    `apart` says that both are the same rows, and that a row is no neighbor of itself.

    Returns distances `(N, k)` float64 and indices `(N, k)` int64.

    Raises:
        MeasureError: there are fewer than k others.
    """
    if len(training) - apart < k:
        raise MeasureError(
            f"{k} nearest neighbors need {k + apart} images to look among; "
            f"got {len(training)}: give more, or a smaller k"
        )
    distances, indices = (
        [samples.new_empty(0, k, dtype=torch.float64)],
        [torch.empty(0, k, dtype=torch.int64)],
    )
    numbers = torch.unique(training, dim=0, return_inverse=True)[1] if apart else torch.empty(0)
    repeated = len(numbers) > 0 and int(numbers.max()) + 1 < len(training)
    for block in blocks(samples, training):
        if repeated:  # said at once: a collapsed model's are too many to be taken again one by one
            block.squared.masked_fill_(numbers[block.part, None] == numbers, 0)
        if apart:
            block.squared[
                torch.arange(len(block.squared)), torch.arange(block.part.start, block.part.stop)
            ] = torch.inf
        squared, found = block.nearest(k)
        distances.append(squared.sqrt())
        indices.append(found)
    return torch.cat(distances), torch.cat(indices)


def radii(features: Tensor, k: int) -> Tensor:
    """The distance of each row `(N, D)` to its k-th nearest other row, `(N,)` float64."""
    return nearest(features, features, k, apart=True)[0][:, -1]


def balls(radius: Tensor) -> Tensor:
    """Squared radii to hold squared distances against: `block.inside(balls(radius))` says who lies inside;
    none in a ball of radius 0.
    """
    return radius.square() * STRICT
