"""Moments of rows that arrive in batches, and the principal axes that follow from them."""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gancore.errors import DataError


class Axes(NamedTuple):
    """A Gaussian with q principal axes and isotropic noise in all other directions; all float64.

    `mean` is (D,); `components` (q, D) has orthonormal rows, ordered by decreasing `variance` (q,); `noise`
    () is the variance in the remaining directions.
    """

    mean: Tensor
    components: Tensor
    variance: Tensor
    noise: Tensor


class Moments(nn.Module):
    """Count, mean (D,) and scatter (D, D), Σ (x - mean)(x - mean)ᵀ, of all rows so far; float64 buffers.

    Batches are merged by the update of Chan, Golub & LeVeque 1983 (The American Statistician 37, eq. 2.1) for
    sums of squares. It never subtracts large numbers from each other, so the result depends on the split into
    batches only through rounding.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.count = nn.Buffer(torch.zeros((), dtype=torch.float64))
        self.mean = nn.Buffer(torch.zeros(size, dtype=torch.float64))
        self.scatter = nn.Buffer(torch.zeros(size, size, dtype=torch.float64))

    @torch.no_grad()
    def fold(self, rows: Tensor) -> None:
        """Merges rows `(N, D)`."""
        if len(rows) == 0:
            return
        rows = rows.to(self.mean.dtype)
        mean, n, before = rows.mean(0), len(rows), float(self.count)
        centered, shift = rows - mean, mean - self.mean  # (N, D), (D,)
        self.count.add_(n)
        self.mean.add_(shift, alpha=n / float(self.count))
        self.scatter.addmm_(centered.T, centered)  # scatter within the batch, (D, D)
        self.scatter.addr_(shift, shift, alpha=before * n / float(self.count))  # eq. 2.1, between the means

    @property
    def total_variance(self) -> Tensor:
        """The trace of the covariance."""
        return self.scatter.diagonal().sum() / (self.count - 1)

    def axes(self, components: int) -> Axes:
        """The maximum-likelihood axes and noise of probabilistic principal component analysis.

        Paper: Tipping & Bishop 1999, section 3.2: eigenvectors and eigenvalues of the sample covariance, and
        for the noise the mean of all D - q remaining eigenvalues (eq. 8). With fewer rows than values, some
        of these are zero; eq. 8 includes them, as does scikit-learn's solver `covariance_eigh`. Its other
        solvers divide by min(N, D) - q, which does not maximize the likelihood then. Difference: the
        covariance is divided by N - 1, as in scikit-learn; the paper divides by N.

        Raises:
            DataError: there are fewer than `components` + 2 rows.
        """
        count = int(self.count)
        if count < components + 2:
            raise DataError(
                f"{count} images cannot determine {components} principal components and the noise; "
                f"train on at least {components + 2} images, or set components to at most {max(count - 2, 0)}"
            )
        values, vectors = torch.linalg.eigh(self.scatter / (self.count - 1))  # (D,) ascending, (D, D)
        values, vectors = values.flip(0).clamp_min(0), vectors.flip(1)
        # low-rank data have zero noise and an infinite density; the noise is at least the rounding error
        least = values[0] * torch.finfo(values.dtype).eps + torch.finfo(values.dtype).tiny
        noise = values[components:].mean().clamp_min(least)  # eq. 8
        return Axes(self.mean, vectors[:, :components].T, values[:components].maximum(noise), noise)


def value_moments(batches: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    """Mean and variance of each value over the rows of all batches `(N, …)`, both float64 `(…)`; the variance
    is divided by N. Batches are merged as in `Moments`.

    Raises:
        DataError: there are no rows.
    """
    count, mean, squares = 0, torch.zeros(()), torch.zeros(())
    for batch in batches:
        rows, before = batch.double(), count
        if len(rows):
            count += len(rows)
            shift = rows.mean(0) - mean
            mean = mean + shift * (len(rows) / count)
            squares = squares + (rows - rows.mean(0)).square().sum(0)
            squares = squares + shift.square() * (before * len(rows) / count)
    if not count:
        raise DataError("there are no images whose mean and variance could be taken; give at least one")
    return mean, squares / count
