"""Mixtures of Gaussians with full covariances, fitted by expectation maximization.

Rows are read block by block, so that memory does not grow with their number beyond the rows themselves.
Everything is computed in float64.
"""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from gancore.nn.k_means import k_means_start, lloyd

__all__ = ["Mixture", "expectation_maximization", "log_densities", "mixture_step"]

CELLS = 2**22
"""Values of centered rows that are held at once: 32 MB in float64."""
SUBSET = 10_000
"""Rows that are fitted first."""


class Mixture(NamedTuple):
    """K Gaussians in D dimensions: `weights` `(K,)` with the sum 1, `means` `(K, D)`, `covariances`
    `(K, D, D)`.
    """

    weights: Tensor
    means: Tensor
    covariances: Tensor


Responsibilities = Callable[[Tensor], Tensor]


def log_densities(rows: Tensor, mixture: Mixture) -> Tensor:
    """log π_k N(x; μ_k, Σ_k) of rows `(n, D)`: `(n, K)`. The log-density of a row is the logarithm of the sum
    of the exponentials of its K values.
    """
    roots = torch.linalg.cholesky(mixture.covariances)  # (K, D, D)
    centered = rows - mixture.means[:, None]  # (K, n, D)
    white = torch.linalg.solve_triangular(roots, centered.mT, upper=False)  # (K, D, n)
    distance = white.square().sum(1)  # (K, n), Mahalanobis
    log_determinant = 2 * roots.diagonal(dim1=1, dim2=2).log().sum(1)  # (K,)
    constant = mixture.weights.log() - (rows.shape[1] * math.log(2 * math.pi) + log_determinant) / 2
    joint: Tensor = constant[:, None] - distance / 2  # (K, n)
    return joint.T


def expectation_maximization(
    rows: Tensor,
    count: int,
    *,
    rng: torch.Generator,
    regularization: float = 1e-6,
    tolerance: float = 1e-3,
    iterations: int = 100,
) -> Mixture:
    """The mixture of `count` Gaussians fitted to rows `(N, D)` on the CPU.

    Paper: Dempster, Laird & Rubin 1977, Maximum likelihood from incomplete data via the EM algorithm; the
    updates are those of scikit-learn's GaussianMixture with full covariances: `regularization` is added to
    their diagonals, and the fit ends when the mean log-likelihood of a row changes by less than `tolerance`,
    after `iterations` at most. It starts from the clusters that k-means finds among up to 10,000 of the rows,
    and where there are more it is fitted to these first, so that few iterations over all are left. All random
    numbers are drawn from `rng`.
    """
    rows = rows.double()
    subset = rows[torch.randperm(len(rows), generator=rng)[:SUBSET]]
    _, centers = lloyd(subset, k_means_start(subset, count, rng), _nearest)

    def clustered(block: Tensor) -> Tensor:
        return functional.one_hot(_nearest(block, centers), count).to(block.dtype)  # (n, K)

    mixture = _maximized(subset, centers, clustered, regularization)
    for some in (subset, rows) if len(subset) < len(rows) else (rows,):
        before = -math.inf
        for _ in range(iterations):
            mixture, now = mixture_step(some, mixture, regularization)
            if abs(now - before) < tolerance:
                break
            before = now
    return mixture


def mixture_step(rows: Tensor, mixture: Mixture, regularization: float = 1e-6) -> tuple[Mixture, float]:
    """One iteration: the mixture that maximizes the expected log-likelihood of rows `(N, D)` float64, and the
    mean log-likelihood of a row under the mixture before it.
    """
    total = 0.0

    def responsibilities(block: Tensor) -> Tensor:
        nonlocal total
        joint = log_densities(block, mixture)  # (n, K)
        evidence = joint.logsumexp(1, keepdim=True)  # (n, 1)
        total += float(evidence.sum())
        return (joint - evidence).exp()

    made = _maximized(rows, mixture.means, responsibilities, regularization)
    return made, total / len(rows)


def _maximized(
    rows: Tensor, around: Tensor, responsibilities: Responsibilities, regularization: float
) -> Mixture:
    """The weights, means and covariances of rows `(N, D)` under their responsibilities `(n, K)`.

    Moments are taken around the points `around` `(K, D)`, near the means, so that no digits cancel.
    """
    count, size = around.shape
    mass = rows.new_full((count,), 10 * torch.finfo(rows.dtype).eps)  # an empty component has a covariance
    first, second = rows.new_zeros(count, size), rows.new_zeros(count, size, size)
    for block in _blocks(rows, count):
        share = responsibilities(block).T  # (K, n)
        centered = block - around[:, None]  # (K, n, D)
        weighted = centered * share[..., None]
        mass = mass + share.sum(1)
        first += weighted.sum(1)
        second += weighted.mT @ centered
    shift = first / mass[:, None]  # (K, D)
    covariances = second / mass[:, None, None] - shift[:, :, None] * shift[:, None]
    floor = regularization * torch.eye(size, dtype=rows.dtype)
    return Mixture(mass / mass.sum(), around + shift, (covariances + covariances.mT) / 2 + floor)


def _nearest(rows: Tensor, centers: Tensor) -> Tensor:
    return torch.cdist(rows, centers).argmin(1)


def _blocks(rows: Tensor, count: int) -> Iterator[Tensor]:
    return iter(torch.split(rows, max(1, CELLS // (count * rows.shape[1]))))
