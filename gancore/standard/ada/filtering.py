"""Image-space filtering: amplifies or attenuates each of four frequency bands."""

from functools import cache

import numpy as np
import torch
from torch import Tensor

from gancore.standard.ada.draws import BANDS, Draws
from gancore.standard.ada.mirror import weights_at

GAIN_SPREAD = 1.0
"""Standard deviation of the binary logarithm of a band's gain."""
POWER = (10 / 13, 1 / 13, 1 / 13, 1 / 13)
"""Fraction of the power of natural images in each band, the lowest first."""


def filtered(image: Tensor, draws: Draws) -> Tensor:
    """Applies gains to the bands; images whose gains are 1 stay bit-identical."""
    if not draws.any(*BANDS):
        return image
    gains, changed = band_gains(draws)
    rows = changed.nonzero()[:, 0]
    return image.index_copy(0, rows, amplified(image[rows], gains[rows])) if len(rows) else image


def band_gains(draws: Draws) -> tuple[Tensor, Tensor]:
    """Gains `(N, 4)`, normalized after each band so that the expected power is unchanged; and which images
    have any, `(N,)`.
    """
    drawn = [draws.sometimes(draws.chance(band), (GAIN_SPREAD * draws.normal()).exp2(), 1) for band in BANDS]
    gains = torch.stack(drawn, dim=1)
    power = gains.new_tensor(POWER)
    # after each band, all four gains are divided by the root of their current power
    normalized = gains / (power * gains.square() + 1 - power).prod(1, keepdim=True).sqrt()
    return normalized, (gains != 1).any(1)


def amplified(image: Tensor, gains: Tensor) -> Tensor:
    """Applies the sum of the bands times their gains, along rows and columns."""
    tall, wide = (
        torch.einsum("nb,bij->nij", gains, band_matrices(size, image))[:, None] for size in image.shape[2:]
    )
    return tall @ image @ wide.transpose(2, 3)


def band_matrices(size: int, like: Tensor) -> Tensor:
    """The filter of each band along one axis of a mirrored image, `(4, size, size)`."""
    taps = torch.tensor(filter_bank(), dtype=like.dtype, device=like.device)
    reach = taps.shape[1] // 2
    place = torch.arange(size, device=like.device)[:, None] + torch.arange(
        -reach, reach + 1, device=like.device
    )
    return torch.stack([weights_at(place, band.expand(size, -1), size) for band in taps])


@cache
def filter_bank() -> np.ndarray:
    """The zero-phase filters of four octaves, `(4, 43)`, the lowest first; their sum is the unit impulse.

    They are constructed from the symlet with two vanishing moments (Daubechies 1992): H(z) H(1/z) / 2 keeps
    the lower half of the frequencies, H(-z) H(-1/z) / 2 the upper.
    """
    root = 3**0.5
    low_pass = np.array([1 + root, 3 + root, 3 - root, 1 - root]) / 32**0.5
    low = np.convolve(low_pass, low_pass[::-1]) / 2
    high = low * (-1.0) ** np.arange(-3, 4)
    bank: list[np.ndarray] = []
    passed = np.ones(1)
    for octave in range(3):
        bank.insert(0, np.convolve(passed, _spread(high, 2**octave)))
        passed = np.convolve(passed, _spread(low, 2**octave))
    bank.insert(0, passed)
    return np.stack([np.pad(band, (len(passed) - len(band)) // 2) for band in bank])


def _spread(taps: np.ndarray, every: int) -> np.ndarray:
    """The filter dilated to every `every`-th sample."""
    spread = np.zeros((len(taps) - 1) * every + 1)
    spread[::every] = taps
    return spread
