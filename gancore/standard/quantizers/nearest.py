"""The nearest of K vectors, without a matrix of all distances."""

import torch
from torch import Tensor

from gancore.component.precision import without_autocast

CACHE = 2**21
"""Bytes of scores computed at a time on the CPU, which fit into its cache."""
MEMORY = 2**27
"""Bytes of scores computed at a time on other devices."""


@torch.no_grad()
def nearest(rows: Tensor, vectors: Tensor) -> Tensor:
    """The index of the vector `(K, D)` nearest to each row `(..., D)`: `(...)` int64.

    Some rows are compared at a time: memory grows with K and with the number of rows, not with their product.
    """
    flat = rows.reshape(-1, rows.shape[-1])
    size = _rows_at_a_time(flat, len(vectors))
    with without_autocast(flat):
        # |a - b|² = |a|² - 2 (a·b - |b|²/2), and |a|² is the same for all b
        half = vectors.square().sum(1) / -2
        # the index of a maximum comes faster from max than from argmax
        found = [torch.addmm(half, some, vectors.T).max(1).indices for some in torch.split(flat, size)]
    return torch.cat(found).view(rows.shape[:-1])


def _rows_at_a_time(flat: Tensor, count: int) -> int:
    room = CACHE if flat.device.type == "cpu" else MEMORY
    return max(64, room // (flat.element_size() * count))
