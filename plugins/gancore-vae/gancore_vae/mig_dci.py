"""How well single coordinates of codes stand for single factors: MIG and DCI."""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from gancore.errors import UserError

BINS = 20
"""Bins of equal width that a coordinate is divided into for its mutual information."""
PENALTIES = (0.001, 0.003, 0.01, 0.03, 0.1)
"""Weights of the lasso that are tried on held-out rows."""


class Disentanglement(NamedTuple):
    """DCI, each the mean over coordinates or factors; `error` is the informativeness.

    Attributes:
        disentanglement: whether a coordinate is important for one factor alone, in [0, 1].
        completeness: whether one coordinate alone is important for a factor, in [0, 1].
        error: the root mean squared error of predicted factors, in their standard deviations; 1 is that of
            their mean.
    """

    disentanglement: float
    completeness: float
    error: float


def mutual_information_gap(codes: Tensor, factors: Tensor) -> float:
    """MIG of codes `(N, d)` and factors int64 `(N, K)`: the mean over factors of the difference of the two
    largest mutual informations of a coordinate with it, divided by the factor's entropy.

    Paper: Chen et al. 2018, arXiv:1802.04942. The paper estimates the mutual information from the
    posteriors; here it is that of the codes (posterior means) in 20 bins, as in Locatello et al. 2018,
    arXiv:1811.12359.

    Raises:
        UserError: there are fewer than two coordinates, or codes and factors differ in number.
    """
    _check(codes, factors)
    found = torch.tensor([[_information(_binned(z), v) for z in codes.T] for v in factors.T])  # (K, d)
    entropies = torch.tensor([_information(v, v) for v in factors.T])  # H(v) = I(v; v), (K,)
    top = found.topk(2, 1).values
    return float(((top[:, 0] - top[:, 1]) / entropies).mean())


def dci(codes: Tensor, factors: Tensor, nominal: tuple[int, ...] = ()) -> Disentanglement:
    """Disentanglement, completeness and informativeness of codes `(N, d)` and factors int64 `(N, K)`.

    Paper: Eastwood & Williams 2018, *A framework for the quantitative evaluation of disentangled
    representations*, with the lasso, one of the paper's two regressors: importances are the
    magnitudes of its weights on standardized codes. Factors whose columns are `nominal` have no order; each
    of their values is predicted by itself. The penalty is the best of a few on the second half of the rows,
    on which `error` is measured too.

    Raises:
        UserError: as `mutual_information_gap`.
    """
    _check(codes, factors)
    x = _standardized(codes.double())
    fits = [_fitted(x, _targets(v, k in nominal)) for k, v in enumerate(factors.T)]
    importance = torch.stack([weights for weights, _ in fits], 1)  # R, (d, K)
    error = sum(error for _, error in fits) / len(fits)
    by_code = _concentration(importance)  # D_i, (d,)
    by_factor = _concentration(importance.T)  # C_j, (K,)
    shares = importance.sum(1) / importance.sum().clamp(min=1e-12)  # ρ_i, (d,)
    return Disentanglement(float((shares * by_code).sum()), float(by_factor.mean()), error)


def _check(codes: Tensor, factors: Tensor) -> None:
    if codes.ndim != 2 or codes.shape[1] < 2 or factors.ndim != 2 or len(codes) != len(factors):
        raise UserError(
            f"disentanglement compares codes (N, d), d at least 2, with factors (N, K); got "
            f"{tuple(codes.shape)} and {tuple(factors.shape)}"
        )


def _binned(column: Tensor) -> Tensor:
    low, high = column.min(), column.max()
    return ((column - low) / (high - low).clamp(min=1e-12) * BINS).long().clamp(max=BINS - 1)


def _information(a: Tensor, b: Tensor) -> float:
    """I(a; b) in nats of two columns of whole numbers, by their joint frequencies."""
    columns = int(b.max()) + 1
    joint = torch.bincount(a * columns + b, minlength=(int(a.max()) + 1) * columns).double()
    p = joint.reshape(-1, columns) / len(a)
    independent = p.sum(1, keepdim=True) * p.sum(0)
    return float(torch.where(p > 0, p * (p / independent.clamp(min=1e-300)).log(), 0.0).sum())


def _standardized(values: Tensor) -> Tensor:
    return (values - values.mean(0)) / values.std(0).clamp(min=1e-12)


def _targets(factor: Tensor, nominal: bool) -> Tensor:
    """`(N,)` → `(N, T)`, standardized: the number itself, or one column for each value."""
    values = functional.one_hot(factor) if nominal else factor[:, None]
    return _standardized(values.double())


def _fitted(x: Tensor, targets: Tensor) -> tuple[Tensor, float]:
    """The importance of each coordinate, `(d,)`, and the error of the best lasso."""
    half = len(x) // 2
    found = []
    for penalty in PENALTIES:
        weights = lasso(x[:half], targets[:half], penalty)  # (d, T)
        rest = x[half:] @ weights - targets[half:]
        found.append((float(rest.square().mean().sqrt()), weights))
    best, chosen = min(found, key=lambda pair: pair[0])
    return chosen.abs().sum(1), best


def lasso(x: Tensor, y: Tensor, penalty: float, passes: int = 200) -> Tensor:
    """The weights w `(d, T)` that minimize ‖x w - y‖² / 2n + penalty ‖w‖₁, by coordinate descent."""
    gram, moments = x.T @ x / len(x), x.T @ y / len(x)  # (d, d), (d, T)
    weights = torch.zeros_like(moments)
    for _ in range(passes):
        before = weights.clone()
        for i in range(len(weights)):
            residual = moments[i] - gram[i] @ weights + gram[i, i] * weights[i]
            shrunk = residual.sign() * (residual.abs() - penalty).clamp(min=0)
            weights[i] = shrunk / gram[i, i].clamp(min=1e-12)
        if float((weights - before).abs().max()) < 1e-6:
            break
    return weights


def _concentration(importance: Tensor) -> Tensor:
    """1 - the entropy of each row `(n, m)`, in units of log m: `(n,)`; 0 for a row of zeros."""
    total = importance.sum(1, keepdim=True)
    p = importance / total.clamp(min=1e-12)
    entropy = -torch.where(p > 0, p * p.clamp(min=1e-300).log(), 0.0).sum(1) / math.log(importance.shape[1])
    return torch.where(total[:, 0] > 0, 1 - entropy, 0.0)
