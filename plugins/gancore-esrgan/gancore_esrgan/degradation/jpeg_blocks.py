"""The lossy part of JPEG: blocks of 8×8 pixels, their cosine transform, and its quantization."""

import math
from functools import cache

import torch
from torch import Tensor

from gancore_esrgan.degradation.rounding import NEXT, rounded

__all__ = ["BLOCK", "coded"]

BLOCK = 8
"""Height and width of a block."""


def coded(channel: Tensor, steps: Tensor) -> Tensor:
    """Channels `(N, C, H, W)` about 0, H and W multiples of 8, after quantization with steps `(N, 8, 8)`."""
    n, c, h, w = channel.shape
    cosine = _cosines(channel.dtype, channel.device)
    blocks = channel.reshape(n, c * h // BLOCK, BLOCK, w // BLOCK, BLOCK)
    frequency = _along_both(blocks, cosine)  # (N, C H/8, 8, W/8, 8)
    step = steps[:, None, :, None, :]
    frequency = frequency / step
    frequency = step * rounded(frequency + NEXT * frequency.sign())  # halves go away from zero
    return _along_both(frequency, cosine.t()).reshape(n, c, h, w)


def _along_both(blocks: Tensor, matrix: Tensor) -> Tensor:
    """A matrix times each block times its transpose, blocks `(…, 8, W/8, 8)`."""
    wide = blocks @ matrix.t()
    both = matrix @ wide.flatten(-2)
    return both.reshape(wide.shape)


@cache
def _cosines(dtype: torch.dtype, device: torch.device) -> Tensor:
    """The orthonormal cosine transform of 8 samples, one frequency a row."""
    number = torch.arange(BLOCK, dtype=torch.float64)
    matrix = torch.cos(math.pi / BLOCK * (number + 0.5) * number[:, None]) * math.sqrt(2 / BLOCK)
    matrix[0] /= math.sqrt(2)
    return matrix.to(dtype=dtype, device=device)
