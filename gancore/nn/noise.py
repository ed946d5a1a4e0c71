"""Per-pixel noise with a learned strength."""

import torch
from torch import Tensor, nn

from gancore.component.randomness import normal

__all__ = ["Noise"]


class Noise(nn.Module):
    """Adds one image of Gaussian noise to all channels, each scaled by its own learned factor, which starts
    at zero.

    Paper: Karras et al. 2018 (StyleGAN), arXiv:1812.04948, section 2, block B of fig. 1. `(N, C, H, W)` → the
    same shape.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.strength = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """The maps with noise, newly drawn in each call."""
        n, c, h, w = x.shape
        noise = normal(n, 1, h, w, like=x).to(x.dtype)
        return torch.addcmul(x, noise, self.strength.to(x.dtype).reshape(1, c, 1, 1))
