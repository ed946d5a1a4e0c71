"""The weight of VQGAN's adversarial term."""

import torch
from torch import Tensor

__all__ = ["adaptive_weight"]

LARGEST, DELTA = 1e4, 1e-4


def adaptive_weight(reconstruction: Tensor, adversarial: Tensor, last_layer: Tensor) -> Tensor:
    """λ: how much larger the gradient of the reconstruction is than that of the adversarial term, both in the
    weight of the generator's last layer.

    Paper: Esser et al. 2020 (VQGAN), arXiv:2012.09841, eq. 7, with δ = 1e-4 and at most 1e4 as in the
    released code; the paper has δ = 1e-6. A scalar without gradient.
    """
    first, second = (
        torch.autograd.grad(term, last_layer, retain_graph=True)[0].norm()
        for term in (reconstruction, adversarial)
    )
    weight: Tensor = (first / (second + DELTA)).clamp(0, LARGEST)
    return weight.detach()
