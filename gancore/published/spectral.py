"""Layers that `torch.nn.utils.spectral_norm` normalized, as `gancore.nn.spectral_norm` keeps them."""

import torch
from torch import Tensor

__all__ = ["weight_and_v"]

SHORTEST = 1e-12
"""The least length that a vector is divided by."""


def weight_and_v(weight: Tensor, u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """The weight, and v in the shape of one of its rows, that give the same normalized weight here.

    There σ = uᵀWv in eval mode, here σ = ‖Wv‖ (see `gancore.nn.spectral_norm`). Both are the same if u is
    Wv / ‖Wv‖, which it is no more when the weight has moved since, and never was in a network that was not
    trained. So v gets the length |uᵀWv| / ‖Wv‖, and the weight the sign of uᵀWv; the next update of v, which
    normalizes it, goes on from there.
    """
    along = weight.double().flatten(1) @ v.double()  # Wv
    sigma = u.double() @ along
    length = sigma.abs() / torch.linalg.vector_norm(along).clamp_min(SHORTEST)
    signed = -weight if sigma < 0 else weight
    return signed, (v.double() * length).float().reshape(1, *weight.shape[1:])
