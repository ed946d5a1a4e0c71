"""The Euclidean norms of many tensors, large ones with all threads."""

from collections.abc import Sequence

import torch
from torch import Tensor

LARGE, ROWS = 1 << 18, 64
"""The size from which a tensor is cut into rows, and their number."""


def norms_of(tensors: Sequence[Tensor]) -> list[Tensor]:
    """The norm of each tensor, as scalars of its dtype.

    On a processor torch computes the norm of a whole tensor with one thread, and those of rows with all; so
    the norm of a large one is that of the norms of its rows, of as many with any number of threads.
    """
    return list(torch._foreach_norm([_row_norms(t) for t in tensors])) if tensors else []


def _row_norms(tensor: Tensor) -> Tensor:
    """Norms of the rows that a large tensor is cut into in the order of its memory; others as they are."""
    if tensor.device.type != "cpu" or tensor.numel() < LARGE or tensor.numel() % ROWS or not _dense(tensor):
        return tensor
    length = tensor.numel() // ROWS
    norms: Tensor = torch.linalg.vector_norm(tensor.as_strided((ROWS, length), (length, 1)), dim=1)
    return norms


def _dense(tensor: Tensor) -> bool:
    return tensor.is_contiguous() or (
        tensor.dim() == 4 and tensor.is_contiguous(memory_format=torch.channels_last)
    )
