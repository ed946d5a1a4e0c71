"""Clusters of rows by k-means."""

import torch
from torch import Tensor

from gancore.errors import MeasureError
from gancore.measure.neighbors import blocks

MOST = 100
"""Iterations at most; usually far fewer are needed until no row changes its cluster."""


def k_means(rows: Tensor, count: int, *, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Clusters of rows `(N, D)`: `(N,)` int64, numbered from the largest, and the means `(count, D)` float64.

    Lloyd 1982, Least squares quantization in PCM, from the start of Arthur and Vassilvitskii 2007, k-means++:
    each further center is a row drawn in proportion to its squared distance from the centers so far. A
    cluster that loses all its rows keeps its center.

    Raises:
        MeasureError: there are fewer different rows than clusters.
    """
    rows = rows.double()
    different = len(torch.unique(rows, dim=0))
    if not 1 <= count <= different:
        raise MeasureError(f"{count} clusters of {different} different rows; ask for 1 to {different}")
    centers = _start(rows, count, rng)
    cluster = _nearest(rows, centers)
    for _ in range(MOST):
        centers = _means(rows, cluster, centers)
        before, cluster = cluster, _nearest(rows, centers)
        if torch.equal(cluster, before):
            break
    order = torch.bincount(cluster, minlength=count).argsort(descending=True, stable=True)
    return order.argsort()[cluster], centers[order]


def _start(rows: Tensor, count: int, rng: torch.Generator) -> Tensor:
    chosen = [int(torch.randint(len(rows), (), generator=rng))]
    far = (rows - rows[chosen[0]]).square().sum(1)
    while len(chosen) < count:
        chosen.append(int(torch.multinomial(far, 1, generator=rng)))
        far = torch.minimum(far, (rows - rows[chosen[-1]]).square().sum(1))
    return rows[chosen]


def _nearest(rows: Tensor, centers: Tensor) -> Tensor:
    return torch.cat([block.squared.argmin(1) for block in blocks(rows, centers)])


def _means(rows: Tensor, cluster: Tensor, centers: Tensor) -> Tensor:
    sums = torch.zeros_like(centers).index_add_(0, cluster, rows)
    sizes = torch.bincount(cluster, minlength=len(centers))[:, None]
    return torch.where(sizes > 0, sums / sizes.clamp(min=1), centers)
