"""Linear maps along one axis of an image that continues periodically beyond its border, reflected at both
ends.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

SYM6 = (
    *(0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633),
    *(0.4910559419267466, 0.787641141030194, 0.3379294217276218, -0.07263752278646252),
    *(-0.021060292512300564, 0.04472490177066578, 0.0017677118642428036, -0.007800708325034148),
)
"""Daubechies' least asymmetric wavelet with six vanishing moments: its low-pass filter is orthogonal to its
even shifts.
"""
HALF = len(SYM6) // 2


def period(size: int) -> int:
    """The period of the mirrored image in pixels; border pixels are not repeated."""
    return max(2 * (size - 1), 1)


def mirrored(place: Tensor, size: int) -> Tensor:
    """The pixel of the image, 0 … size-1, at any integer position."""
    place = place.remainder(period(size))
    return torch.minimum(place, period(size) - place)


def weights_at(place: Tensor, weights: Tensor, size: int) -> Tensor:
    """The map `(rows, size)` whose row i sums the pixels at `place[i]` with `weights[i]`."""
    return weights.new_zeros(len(place), size).scatter_add_(1, mirrored(place, size), weights)


def upsampling(size: int, like: Tensor) -> Tensor:
    """One period of the mirrored image at twice the resolution, with its first sample repeated at the end:
    `(2·period + 1, size)`.
    """
    fine = torch.arange(2 * period(size) + 1, device=like.device)[:, None]
    tap = (fine + HALF - 1) % 2 + 2 * torch.arange(HALF, device=like.device)
    return weights_at((fine + HALF - 1 - tap) // 2, _taps(SYM6, like)[tap], size)


def downsampling(size: int, like: Tensor) -> Tensor:
    """`(size, 2·size + 10)`: undoes `upsampling`, given its samples from -5 to 2·size + 4."""
    tap = (
        torch.arange(2 * (size + HALF - 1), device=like.device)
        - 2 * torch.arange(size, device=like.device)[:, None]
    )
    return _taps(SYM6, like)[tap.clamp(0, 2 * HALF - 1)] * ((tap >= 0) & (tap < 2 * HALF)) / 2


def _taps(taps: Sequence[float], like: Tensor) -> Tensor:
    """A filter of sum √2 scaled to sum 2, so that upsampling keeps the brightness."""
    return torch.tensor(taps, dtype=like.dtype, device=like.device) * 2**0.5
