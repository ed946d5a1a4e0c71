"""Constraints on weights, applied after each step."""

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Constraint
from gancore.component.part import field, part
from gancore.component.validators import above

__all__ = ["WeightClipping"]


@part("weight-clipping")
class WeightClipping(Constraint):
    """Clamps every weight to [-c, c], so that the critic stays in a family of Lipschitz functions.

    Paper: Arjovsky et al. 2017, arXiv:1701.07875, algorithm 1, line 7; all parameters are clipped, biases and
    norms among them, except frozen ones.
    """

    limit: float = field(default=0.01, validator=above(0), help="the paper's c")

    @torch.no_grad()
    def forward(self, module: nn.Module) -> None:
        """Clamps in place."""
        weights: list[Tensor] = [p for p in module.parameters() if p.requires_grad]
        if weights:
            torch._foreach_clamp_min_(weights, -self.limit)
            torch._foreach_clamp_max_(weights, self.limit)
