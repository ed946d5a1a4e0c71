"""Kernels between latents, for the maximum mean discrepancy."""

from abc import abstractmethod

import torch
from torch import Tensor

from gancore.component.part import Part, field, interface, part
from gancore.component.validators import above


@interface("kernel")
class Kernel(Part):
    """A positive definite kernel k(a, b) ≤ 1 of latents: `(n, d)`, `(m, d)` → `(n, m)` float32."""

    @abstractmethod
    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """`(n, d)`, `(m, d)` → `(n, m)`."""


@part("gaussian")
class GaussianKernel(Kernel):
    """exp(-‖a - b‖² / (d s²)), whose width grows with the number d of coordinates as distances do.

    Zhao et al. 2017, arXiv:1706.02262, take a Gaussian kernel; s = 1 here.
    """

    width: float = field(default=1.0, validator=above(0), help="s, in standard deviations of the prior")

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """`(n, d)`, `(m, d)` → `(n, m)`."""
        return torch.exp(-squared_distances(a, b) / (a.shape[1] * self.width**2))


@part("inverse-multiquadratic")
class InverseMultiquadratic(Kernel):
    """C / (C + ‖a - b‖²) with C = 2 d σ², whose tails are heavy.

    Paper: Tolstikhin et al. 2017, arXiv:1711.01558, where σ² is the variance of the prior.
    """

    deviation: float = field(default=1.0, validator=above(0), help="σ, the standard deviation of the prior")

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """`(n, d)`, `(m, d)` → `(n, m)`."""
        constant = 2 * a.shape[1] * self.deviation**2  # C
        return constant / (constant + squared_distances(a, b))


def squared_distances(a: Tensor, b: Tensor) -> Tensor:
    """‖a - b‖² of all pairs: `(n, d)`, `(m, d)` → `(n, m)`."""
    return (a[:, None] - b).square().sum(2)


def discrepancy(kernel: Kernel, a: Tensor, b: Tensor) -> Tensor:
    """The unbiased estimate of MMD²(a, b), a scalar, which may be below zero.

    Tolstikhin et al. 2017, arXiv:1711.01558, algorithm 2: means of k over all pairs of two different rows of
    each, minus twice that over pairs of both. Rows are `(n, *shape)` and `(m, *shape)`, two at least.
    """
    x, y = a.flatten(1), b.flatten(1)
    crossed: Tensor = kernel(x, y).mean()
    return _off_diagonal(kernel(x, x)) + _off_diagonal(kernel(y, y)) - 2 * crossed


def _off_diagonal(values: Tensor) -> Tensor:
    n = len(values)
    return (values.sum() - values.diagonal().sum()) / (n * (n - 1))
