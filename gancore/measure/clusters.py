"""Clusters of rows by k-means."""

import torch
from torch import Tensor

from gancore.errors import MeasureError
from gancore.measure.neighbors import blocks
from gancore.nn.k_means import k_means_start, lloyd


def k_means(rows: Tensor, count: int, *, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Clusters of rows `(N, D)`: `(N,)` int64, numbered from the largest, and the means `(count, D)` float64.

    Lloyd 1982, Least squares quantization in PCM, from the start of Arthur and Vassilvitskii 2007, k-means++
    (`gancore.nn.k_means`).

    Raises:
        MeasureError: there are fewer different rows than clusters.
    """
    rows = rows.double()
    different = len(torch.unique(rows, dim=0))
    if not 1 <= count <= different:
        raise MeasureError(f"{count} clusters of {different} different rows; ask for 1 to {different}")
    cluster, centers = lloyd(rows, k_means_start(rows, count, rng), _nearest)
    order = torch.bincount(cluster, minlength=count).argsort(descending=True, stable=True)
    return order.argsort()[cluster], centers[order]


def _nearest(rows: Tensor, centers: Tensor) -> Tensor:
    return torch.cat([block.squared.argmin(1) for block in blocks(rows, centers)])


def purity(cluster: Tensor, label: Tensor) -> float:
    """The fraction of rows whose label is the most frequent one of their cluster; both are `(N,)` int64.

    1 if no cluster holds two labels, however many clusters there are: compare equal numbers of clusters.
    """
    counts = torch.zeros(int(cluster.max()) + 1, int(label.max()) + 1, dtype=torch.int64)
    counts.index_put_((cluster, label), torch.ones_like(label), accumulate=True)
    return int(counts.amax(1).sum()) / len(label)
