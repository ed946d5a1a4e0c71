"""Kernels that a batch of images is filtered with: grids, sizes, and the convolution itself."""

import torch
from torch import Tensor
from torch.nn import functional

from gancore_esrgan.degradation.canvas import Canvas, mirrored
from gancore_esrgan.degradation.draws import Span, between

__all__ = ["cut", "drawn_sizes", "filtered", "filtered_along", "grid"]

NOTHING = 1e-12
"""Taps below this are set to zero: products with denormal numbers take a processor many times as long."""


def grid(size: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """The coordinates x and y of a kernel's taps, `(size, size)` each, 0 at its center."""
    place = torch.arange(size, dtype=like.dtype, device=like.device) - size // 2
    return place.expand(size, size), place[:, None].expand(size, size)


def drawn_sizes(number: Tensor, ends: tuple[int, int]) -> Tensor:
    """Uniform numbers in [0, 1) as odd sizes between two odd sizes, each as often, int64."""
    low, high = ends
    count: Span = (0.0, (high - low) // 2 + 1.0)
    return low + 2 * between(number, count).long()


def cut(kernel: Tensor, size: Tensor) -> Tensor:
    """Kernels `(N, K, K)` cut to their own odd sizes `(N,)`, zero beyond, and divided by their sums."""
    x, y = grid(kernel.shape[-1], kernel)
    reach = torch.maximum(x.abs(), y.abs())
    kernel = torch.where(reach <= (size // 2)[:, None, None], kernel, 0)
    kernel = kernel / kernel.sum((1, 2), keepdim=True)
    return torch.where(kernel.abs() < NOTHING, 0, kernel)


def filtered(canvas: Canvas, kernel: Tensor) -> Canvas:
    """Each image convolved with its kernel `(N, K, K)`, point-symmetric and K odd, mirrored at the border."""
    n, c, h, w = canvas.image.shape
    margin = kernel.shape[-1] // 2
    wide = mirrored(canvas, margin).reshape(1, n * c, h + 2 * margin, w + 2 * margin)
    weight = kernel.repeat_interleave(c, 0)[:, None]  # (N C, 1, K, K)
    return Canvas(functional.conv2d(wide, weight, groups=n * c).reshape(n, c, h, w), canvas.size)


def filtered_along(canvas: Canvas, taps: Tensor) -> Canvas:
    """Each image convolved along both axes with a symmetric kernel `(K,)`, K odd, mirrored at the border."""
    n, c, h, w = canvas.image.shape
    margin = len(taps) // 2
    wide = mirrored(canvas, margin).reshape(n * c, 1, h + 2 * margin, w + 2 * margin)
    tall = functional.conv2d(wide, taps[None, None, :, None])
    return Canvas(functional.conv2d(tall, taps[None, None, None]).reshape(n, c, h, w), canvas.size)
