"""Distances of images pixel by pixel."""

from torch import Tensor

from gancore.component.distance import Distance
from gancore.component.part import part
from gancore.component.precision import at_least_float32

__all__ = ["L1", "L2"]


@part("l1")
class L1(Distance):
    """The mean absolute difference, E |x - y|. Images `(N, C, H, W)` → `(N,)`."""

    def forward(self, image: Tensor, target: Tensor) -> Tensor:
        """Two batches `(N, C, H, W)` → `(N,)`."""
        return at_least_float32(image - target).abs().flatten(1).mean(1)


@part("l2")
class L2(Distance):
    """The mean squared difference, E (x - y)². Images `(N, C, H, W)` → `(N,)`."""

    def forward(self, image: Tensor, target: Tensor) -> Tensor:
        """Two batches `(N, C, H, W)` → `(N,)`."""
        return at_least_float32(image - target).square().flatten(1).mean(1)
