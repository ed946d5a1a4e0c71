"""Minibatch discrimination, so that a discriminator sees how alike the samples of a batch are."""

import torch
from torch import Tensor, nn

from gancore.component.precision import at_least_float32
from gancore.nn.groups import group_sizes

__all__ = ["MinibatchDiscrimination"]


class MinibatchDiscrimination(nn.Module):
    """How near the features of each sample are to those of the others, by several learned kernels.

    Paper: Salimans et al. 2016, arXiv:1606.03498, section 3.2: M_i = f(x_i) T, c_b(x_i, x_j) = exp(-‖M_ib -
    M_jb‖₁) and o(x_i)_b = Σ_j c_b(x_i, x_j). As in the authors' code a sample is not compared with itself,
    which would add 1; its 100 kernels of 5 dimensions are the default. Differences: entries of T start as
    N(0, 1/(A C²)), so that features of unit variance are about 1 apart (the code scales by a first batch).

    With a `group` of more than 0, samples are compared within groups of so many neighbors, so that
    micro-batches and processes with whole groups give the same result as the whole batch; a remainder forms a
    smaller group. With 0, as in the paper, they are compared with the whole batch that passes: that of one
    process, or a micro-batch.

    `(N, A)` → `(N, kernels)`, at least float32.
    """

    def __init__(self, features: int, kernels: int = 100, size: int = 5, group: int = 0) -> None:
        super().__init__()
        self.kernels, self.group = kernels, group
        scale = 1 / (size * features**0.5)
        self.weight = nn.Parameter(scale * torch.randn(features, kernels * size))

    def forward(self, features: Tensor) -> Tensor:
        """`(N, A)` → `(N, kernels)`."""
        rows = at_least_float32(features @ self.weight)  # (N, kernels · size)
        parts = torch.split(rows, group_sizes(len(rows), self.group))
        return torch.cat([self.nearness(part) for part in parts])

    def nearness(self, rows: Tensor) -> Tensor:
        """Sums of the kernels over the others of each group; `rows` has whole groups of equal size."""
        size = min(self.group or len(rows), len(rows))
        matrices = rows.reshape(len(rows) // size, size, self.kernels, -1)  # (groups, size, kernels, C)
        distance = (matrices[:, :, None] - matrices[:, None]).abs().sum(-1)  # (groups, size, size, kernels)
        return ((-distance).exp().sum(2) - 1).flatten(
            0, 1
        )  # (N, kernels); exp(0) = 1 is of the sample itself
