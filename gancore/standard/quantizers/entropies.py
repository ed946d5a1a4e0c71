"""Entropies of choices, as means over rows."""

from torch import Tensor

LEAST = 1e-6
"""The least average probability whose logarithm is taken."""


def mean_entropy(log_q: Tensor) -> Tensor:
    """E[H(q)] of log probabilities `(M, …, C)` of C choices: entropies are summed over the places …, and
    averaged over the M rows.
    """
    entropies = -(log_q.exp() * log_q).flatten(1).sum(1)
    return entropies.mean()


def entropy_of_means(log_q: Tensor, average: Tensor) -> Tensor:
    """-Σ E[q] log a, with the average a of q over the updates before, `(…, C)`: H(E[q]) where a is E[q], and
    a mean over the M rows of `log_q`, `(M, …, C)`, whatever a is. Its gradient is that of H(E[q]) there.
    """
    return -(log_q.exp().mean(0) * average.clamp(min=LEAST).log()).sum()
