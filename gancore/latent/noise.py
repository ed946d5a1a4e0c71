"""Regularization of noise maps that are optimized with a code, so that they do not carry the image."""

from torch import Tensor
from torch.nn.functional import avg_pool2d

__all__ = ["irregularity", "standardized"]

SMALLEST = 8


def irregularity(noise: Tensor) -> Tensor:
    """How far noise `(N, C, H, W)` is from white: `(N,)`, about zero for white noise; zero for other shapes.

    Paper: Karras et al. 2019, arXiv:1912.04958, appendix D: the squared mean products of neighbors,
    horizontally and vertically (wrapping around), summed over a pyramid: 2×2 pixels averaged and multiplied
    by 2 to keep the variance, down to 8×8. Difference: sides need not be equal; the pyramid ends when a side
    is at most 8 or odd.
    """
    found = noise.new_zeros(len(noise))
    if noise.ndim != 4:
        return found
    while True:
        for axis in (2, 3):
            found = found + (noise * noise.roll(1, axis)).mean((1, 2, 3)).square()
        height, width = noise.shape[2:]
        if min(height, width) <= SMALLEST or height % 2 or width % 2:
            return found
        noise = avg_pool2d(noise, 2) * 2


def standardized(noise: Tensor) -> Tensor:
    """Each sample's noise with mean 0 and variance 1; scalars stay unchanged."""
    flat = noise.flatten(1)
    if flat.shape[1] < 2:
        return noise
    centered = flat - flat.mean(1, keepdim=True)
    spread = centered.square().mean(1, keepdim=True).sqrt()
    return (centered / spread.clamp_min(1e-8)).reshape(noise.shape)
