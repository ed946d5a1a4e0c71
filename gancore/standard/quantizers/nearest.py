"""The nearest of K vectors, without a matrix of all distances."""

import torch
from torch import Tensor
from torch.nn import functional

from gancore.component.precision import without_autocast

CACHE = 2**22
"""Bytes of scores computed at a time on the CPU, which stay in its caches."""
MEMORY = 2**27
"""Bytes of scores computed at a time on other devices."""
WIDTH = 64
"""Columns that a maximum is taken in at once."""


@torch.no_grad()
def nearest(rows: Tensor, vectors: Tensor) -> Tensor:
    """The index of the vector `(K, D)` nearest to each row `(..., D)`: `(...)` int64.

    Some rows are compared at a time: memory grows with K and with the number of rows, not with their product.
    """
    flat, missing = rows.reshape(-1, rows.shape[-1]), -len(vectors) % WIDTH
    # |a - b|² = |a|² - 2 (a·b - |b|²/2), and |a|² is the same for all b
    half = functional.pad(vectors.square().sum(1) / -2, (0, missing), value=-torch.inf)
    columns = functional.pad(vectors, (0, 0, 0, missing)).T
    # an exported graph takes any number of rows, which the number of pieces would depend on
    exporting = torch.compiler.is_exporting()
    pieces = [flat] if exporting else torch.split(flat, _rows_at_a_time(flat, len(half)))
    with without_autocast(flat):
        found = [_largest(torch.addmm(half, piece, columns)) for piece in pieces]
    return torch.cat(found).view(rows.shape[:-1])


def _largest(scores: Tensor) -> Tensor:
    """The index of the largest of each row `(M, K)`: first in which column of a block of `WIDTH`, then in
    which block. That is faster than an argmax, which looks at one number after the other.
    """
    blocks = scores.view(len(scores), -1, WIDTH)  # (M, K / WIDTH, WIDTH)
    column: Tensor = blocks.amax(1).max(1).indices
    block: Tensor = blocks[torch.arange(len(blocks), device=scores.device), :, column].max(1).indices
    return block * WIDTH + column


def _rows_at_a_time(flat: Tensor, count: int) -> int:
    room = CACHE if flat.device.type == "cpu" else MEMORY
    return max(64, room // (flat.element_size() * count))
