"""Low-pass filters by the window method, as banded matrices and as polyphase components.

Paper: Karras et al. 2021 (StyleGAN3), arXiv:2106.12423, section 3.2 and appendix C: sinc filters under a
Kaiser window, and for rotation equivariance their radially symmetric counterpart, the jinc filter. The
window's parameters follow Kaiser's formulas (Kaiser 1974).
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

__all__ = [
    "falling_phases",
    "kaiser_attenuation",
    "kaiser_beta",
    "low_pass",
    "radial_low_pass",
    "resampling_matrix",
    "rising_phases",
    "separable_terms",
]


def kaiser_attenuation(taps: int, width: float) -> float:
    """The attenuation in dB of a filter whose transition band is `width` times the Nyquist frequency."""
    return 2.285 * (taps - 1) * math.pi * width + 7.95


def kaiser_beta(attenuation: float) -> float:
    """The shape parameter β of the Kaiser window for an attenuation in dB."""
    if attenuation > 50:
        return 0.1102 * (attenuation - 8.7)
    if attenuation > 21:
        return 0.5842 * math.pow(attenuation - 21, 0.4) + 0.07886 * (attenuation - 21)
    return 0.0


def low_pass(taps: int, cutoff: float, width: float, rate: float) -> Tensor:
    """A windowed sinc, `(taps,)` float64 with sum 1: frequencies below `cutoff` pass.

    Samples are `rate` per unit, and the transition band is `width` wide.
    """
    ideal = 2 * cutoff / rate * torch.sinc(2 * cutoff * _tap_positions(taps, rate))
    kernel = ideal * _window(taps, width, rate)
    return kernel / kernel.sum()


def radial_low_pass(taps: int, cutoff: float, width: float, rate: float) -> Tensor:
    """A jinc under the product of two Kaiser windows, `(taps, taps)` float64 with sum 1: passes a disc."""
    positions = _tap_positions(taps, rate)
    # an odd number of taps has one in the center, where a value this close equals the limit of the jinc
    radius = torch.hypot(positions[:, None], positions).clamp(min=1e-9 / rate)
    ideal = torch.special.bessel_j1(2 * math.pi * cutoff * radius) / (math.pi * radius)
    window = _window(taps, width, rate)
    kernel: Tensor = ideal * window[:, None] * window
    return kernel / kernel.sum()


def _tap_positions(taps: int, rate: float) -> Tensor:
    return (torch.arange(taps, dtype=torch.float64) - (taps - 1) / 2) / rate


def _window(taps: int, width: float, rate: float) -> Tensor:
    beta = kaiser_beta(kaiser_attenuation(taps, width / (rate / 2)))
    return torch.kaiser_window(taps, periodic=False, beta=beta, dtype=torch.float64)


def resampling_matrix(
    kernel: Tensor, inputs: int, outputs: int, *, up: int = 1, down: int = 1, before: int = 0
) -> Tensor:
    """The matrix `(outputs, inputs)` that resamples along one axis.

    It inserts `up` - 1 zeros between samples, puts `before` zeros in front (a negative number crops),
    filters, and keeps every `down`-th sample; products that would be zero or dropped are not computed.
    """
    tap = torch.arange(inputs) * up + before - torch.arange(outputs)[:, None] * down  # (outputs, inputs)
    inside = (tap >= 0) & (tap < len(kernel))
    return kernel.flip(0)[tap.clamp(0, len(kernel) - 1)] * inside


def separable_terms(kernel: Tensor, tolerance: float = 1e-9) -> tuple[Tensor, Tensor]:
    """Two `(R, taps)` whose outer products, row by row, sum to a symmetric kernel `(taps, taps)`.

    Eigenvalues below `tolerance`, relative to the largest, are dropped.
    """
    values, vectors = torch.linalg.eigh(kernel)
    kept = values.abs() > tolerance * values.abs().max()
    rows = vectors[:, kept].t()  # (R, taps)
    return rows * values[kept][:, None], rows


def rising_phases(kernel: Tensor, up: int, before: int) -> tuple[Tensor, int]:
    """The polyphase components `(up, taps)` of an upsampling filter: each makes every `up`-th output.

    `before` zeros precede the input. Also returns the index of the sample that the first tap of output q
    reads, relative to q.
    """
    first, last = -(before // up), (len(kernel) - 2 - before + up) // up
    tap = torch.arange(first, last + 1) * up + before - torch.arange(up)[:, None]  # (up, taps)
    inside = (tap >= 0) & (tap < len(kernel))
    return kernel.flip(0)[tap.clamp(0, len(kernel) - 1)] * inside, first


def falling_phases(kernel: Tensor, down: int) -> Tensor:
    """The polyphase components `(down, taps)` of a downsampling filter: each reads every `down`-th input.

    The output is the sum over components. For a square kernel, `(down, down, taps, taps)`.
    """
    missing = -len(kernel) % down
    flipped = functional.pad(kernel.flip(*range(kernel.dim())), (0, missing) * kernel.dim())
    taps = len(flipped) // down
    if kernel.dim() == 1:
        return flipped.reshape(taps, down).t()
    return flipped.reshape(taps, down, taps, down).permute(1, 3, 0, 2)
