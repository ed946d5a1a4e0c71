"""The pixels that a convolution sees at each place, as rows of a matrix (im2col), and the adjoint of that."""

import torch
from torch import Tensor
from torch.nn import functional

from gancore.component.precision import at_least_float32

__all__ = ["columns", "places", "spread"]

Pair = tuple[int, int]


def places(size: torch.Size, kernel: Pair, stride: Pair, padding: Pair) -> Pair:
    """How often a kernel fits into a map `(N, C, H, W)`, downward and across."""
    (kh, kw), (sy, sx), (py, px) = kernel, stride, padding
    return (size[2] + 2 * py - kh) // sy + 1, (size[3] + 2 * px - kw) // sx + 1


def columns(x: Tensor, kernel: Pair, stride: Pair, padding: Pair) -> Tensor:
    """`(N, C, H, W)` → what the kernel sees at each place, `(N·H'·W', kh·kw·C)`."""
    (kh, kw), (sy, sx), (py, px) = kernel, stride, padding
    padded = functional.pad(x.permute(0, 2, 3, 1), (0, 0, px, px, py, py))  # (N, H + 2py, W + 2px, C)
    seen = padded.unfold(1, kh, sy).unfold(2, kw, sx)  # (N, H', W', C, kh, kw)
    return seen.permute(0, 1, 2, 4, 5, 3).reshape(-1, kh * kw * x.shape[1])


def spread(rows: Tensor, size: torch.Size, kernel: Pair, stride: Pair, padding: Pair) -> Tensor:
    """The adjoint of `columns`: `(N·H'·W', kh·kw·C)` → the sums at each pixel, `(N, C, H, W)` of this size in
    channels_last, added in float32 or better.
    """
    (kh, kw), (sy, sx), (py, px), (n, c, height, width) = kernel, stride, padding, size
    tall, wide = places(size, kernel, stride, padding)
    parts = rows.view(n, tall, wide, kh, kw, c)
    total = at_least_float32(rows.new_zeros(())).new_zeros(n, height + 2 * py, width + 2 * px, c)
    for i in range(kh):
        for j in range(kw):
            total[:, i : i + sy * tall : sy, j : j + sx * wide : sx] += parts[:, :, :, i, j]
    made = torch.empty(size, dtype=rows.dtype, device=rows.device, memory_format=torch.channels_last)
    return made.copy_(total[:, py : py + height, px : px + width].permute(0, 3, 1, 2))
