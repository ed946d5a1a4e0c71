"""Nearest neighbors and distances of many rows to many, some at a time, so that no whole matrix of distances
is ever held.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from gancore.errors import MeasureError

CELLS = 2**24
"""Distances held at once: 128 MB in float64."""
STRICT = 1 - 1e-9
"""A squared distance inside a ball is less than this share of its squared radius, so that a tie is outside
however it is rounded.
"""


def squared_distances(rows: Tensor, points: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Squared Euclidean distances of `(N, D)` to `(M, D)`: slices of the rows in order, each with its `(n,
    M)` float64.

    |x - y|² = |x|² + |y|² - 2 x·y, about the mean of the points, in float64: what cancels then is 1e-16 of
    the spread.
    """
    mean = points.double().mean(0)
    points = points.double() - mean
    norms = points.square().sum(1)
    size = max(1, CELLS // max(1, len(points)))
    for start in range(0, len(rows), size):
        some = rows[start : start + size].double() - mean
        squared = torch.addmm(norms[None], some, points.T, alpha=-2).add_(some.square().sum(1, keepdim=True))
        yield slice(start, start + len(some)), squared.clamp_(min=0)


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
    for part, squared in squared_distances(samples, training):
        if apart:
            squared[torch.arange(len(squared)), torch.arange(part.start, part.stop)] = torch.inf
        found = squared.topk(k, largest=False, sorted=True)
        distances.append(found.values.sqrt())
        indices.append(found.indices)
    return torch.cat(distances), torch.cat(indices)


def radii(features: Tensor, k: int) -> Tensor:
    """The distance of each row `(N, D)` to its k-th nearest other row, `(N,)` float64."""
    return nearest(features, features, k, apart=True)[0][:, -1]


def balls(radius: Tensor) -> Tensor:
    """Squared radii to hold squared distances against: `squared < balls(radius)` says who lies inside."""
    return radius.square() * STRICT
