"""The steps of k-means: the start, and the iterations of Lloyd."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["k_means_start", "lloyd"]

MOST = 100
"""Iterations at most; usually far fewer are needed until no row changes its cluster."""


def k_means_start(rows: Tensor, count: int, rng: torch.Generator) -> Tensor:
    """`count` of the rows `(N, D)` on the CPU, far from each other: `(count, D)`.

    Arthur & Vassilvitskii 2007, k-means++: the first is drawn uniformly, each further one in proportion to
    its squared distance from the nearest one so far; of 2 + log `count` such draws the one is taken that
    leaves the least to all rows, as their conclusion suggests. Where no row is left that differs, one is
    drawn uniformly.
    """
    chosen = [int(torch.randint(len(rows), (), generator=rng))]
    far = (rows - rows[chosen[0]]).square().sum(1)
    while len(chosen) < count:
        weights = far if float(far.sum()) > 0 else torch.ones_like(far)
        drawn = torch.multinomial(weights, 2 + int(math.log(count)), replacement=True, generator=rng)
        left = [torch.minimum(far, (rows - rows[i]).square().sum(1)) for i in drawn.tolist()]
        best = min(range(len(left)), key=lambda i: float(left[i].sum()))
        chosen.append(int(drawn[best]))
        far = left[best]
    return rows[chosen]


def lloyd(
    rows: Tensor, centers: Tensor, nearest: Callable[[Tensor, Tensor], Tensor]
) -> tuple[Tensor, Tensor]:
    """Moves each center to the mean of the rows nearest to it, until no row changes: the cluster of each row
    `(N,)`, and the centers `(K, D)`.

    Lloyd 1982, Least squares quantization in PCM. `nearest(rows, centers)` gives the index of each row's
    center. A cluster that loses all its rows keeps its center.
    """
    cluster = nearest(rows, centers)
    for _ in range(MOST):
        centers = _means(rows, cluster, centers)
        before, cluster = cluster, nearest(rows, centers)
        if torch.equal(cluster, before):
            break
    return cluster, centers


def _means(rows: Tensor, cluster: Tensor, centers: Tensor) -> Tensor:
    sums = torch.zeros_like(centers).index_add_(0, cluster, rows)
    sizes = torch.bincount(cluster, minlength=len(centers))[:, None]
    return torch.where(sizes > 0, sums / sizes.clamp(min=1), centers)
