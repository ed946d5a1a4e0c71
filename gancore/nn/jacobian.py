"""The squared Frobenius norm of the Jacobian of a network, of which row i depends on row i alone."""

import torch
from torch import Tensor

from gancore.component.precision import at_least_float32
from gancore.component.randomness import normal

__all__ = ["jacobian_norm", "projected_jacobian_norm"]


def jacobian_norm(output: Tensor, given: Tensor) -> Tensor:
    """Σ_ij (∂output_i / ∂given_j)² of `(N, …)` computed from `(N, …)`: `(N,)`, itself differentiable. Exact,
    by a backward pass for each value of an output.
    """
    flat = output.flatten(1)  # (N, d)
    return torch.stack([_squared(flat[:, i].sum(), given) for i in range(flat.shape[1])]).sum(0)


def projected_jacobian_norm(output: Tensor, given: Tensor, projections: int = 1) -> Tensor:
    """An estimate of `jacobian_norm` by backward passes of random projections: the mean of ‖vᵀJ‖² over
    `projections` normal v, whose expectation is ‖J‖² since E vvᵀ = I.
    """
    total = torch.zeros(len(given), device=given.device)
    for _ in range(projections):
        direction = normal(*output.shape, like=output)
        total = total + _squared((output * direction).sum(), given) / projections
    return total


def _squared(value: Tensor, given: Tensor) -> Tensor:
    """The squared norm of the gradient of a sum over rows, `(N,)`."""
    (gradient,) = torch.autograd.grad(value, given, create_graph=True, materialize_grads=True)
    return at_least_float32(gradient).square().flatten(1).sum(1)
