"""Low-pass filters by the window method, and the two forms in which they resample: banded matrices and
polyphase components.

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
    """The attenuation in dB that so many taps reach with a transition band of `width` (1: the Nyquist
    frequency).
    """
    return 2.285 * (taps - 1) * math.pi * width + 7.95


def kaiser_beta(attenuation: float) -> float:
    """The shape of the Kaiser window that gives an attenuation in dB."""
    if attenuation > 50:
        return 0.1102 * (attenuation - 8.7)
    if attenuation > 21:
        return 0.5842 * math.pow(attenuation - 21, 0.4) + 0.07886 * (attenuation - 21)
    return 0.0


def low_pass(taps: int, cutoff: float, width: float, rate: float) -> Tensor:
    """`(taps,)` float64 of sum 1: a sinc for samples at `rate` that passes what is below `cutoff`, with a
    transition band of `width`.
    """
    ideal = 2 * cutoff / rate * torch.sinc(2 * cutoff * _places(taps, rate))
    kernel = ideal * _window(taps, width, rate)
    return kernel / kernel.sum()


def radial_low_pass(taps: int, cutoff: float, width: float, rate: float) -> Tensor:
    """`(taps, taps)` float64 of sum 1: the same for frequencies in a disc, a jinc under the product of two
    Kaiser windows.
    """
    places = _places(taps, rate)
    # in the middle itself, which only an odd number of taps meets, the limit of the jinc is as good as its
    # value this close by
    radius = torch.hypot(places[:, None], places).clamp(min=1e-9 / rate)
    ideal = torch.special.bessel_j1(2 * math.pi * cutoff * radius) / (math.pi * radius)
    window = _window(taps, width, rate)
    kernel: Tensor = ideal * window[:, None] * window
    return kernel / kernel.sum()


def _places(taps: int, rate: float) -> Tensor:
    return (torch.arange(taps, dtype=torch.float64) - (taps - 1) / 2) / rate


def _window(taps: int, width: float, rate: float) -> Tensor:
    beta = kaiser_beta(kaiser_attenuation(taps, width / (rate / 2)))
    return torch.kaiser_window(taps, periodic=False, beta=beta, dtype=torch.float64)


def resampling_matrix(
    kernel: Tensor, inputs: int, outputs: int, *, up: int = 1, down: int = 1, before: int = 0
) -> Tensor:
    """The map along one axis that sets `inputs` samples `up` apart behind `before` zeros, filters them and
    keeps each `down`-th sample.

    `(outputs, inputs)`, so that half of a polyphase filter's products are never made. A negative `before`
    crops.
    """
    reach = torch.arange(inputs) * up + before - torch.arange(outputs)[:, None] * down
    inside = (reach >= 0) & (reach < len(kernel))
    return kernel.flip(0)[reach.clamp(0, len(kernel) - 1)] * inside


def separable_terms(kernel: Tensor, tolerance: float = 1e-9) -> tuple[Tensor, Tensor]:
    """Two `(R, taps)` whose rows' outer products sum to a symmetric square kernel; what is below the
    tolerance is left out.
    """
    values, vectors = torch.linalg.eigh(kernel)
    kept = values.abs() > tolerance * values.abs().max()
    rows = vectors[:, kept].t()
    return rows * values[kept][:, None], rows


def rising_phases(kernel: Tensor, up: int, before: int) -> tuple[Tensor, int]:
    """The filter after setting samples `up` apart behind `before` zeros, in pieces `(up, taps)`: each makes
    every `up`-th output.

    Also, which sample the first tap of output q meets, counted from the q-th.
    """
    first, last = -(before // up), (len(kernel) - 2 - before + up) // up
    place = torch.arange(first, last + 1) * up + before - torch.arange(up)[:, None]
    inside = (place >= 0) & (place < len(kernel))
    return kernel.flip(0)[place.clamp(0, len(kernel) - 1)] * inside, first


def falling_phases(kernel: Tensor, down: int) -> Tensor:
    """The filter before keeping each `down`-th sample, in pieces `(down, taps)`, each for every `down`-th
    input; their sum is the output.

    For a square kernel `(down, down, taps, taps)`.
    """
    missing = -len(kernel) % down
    flipped = functional.pad(kernel.flip(*range(kernel.dim())), (0, missing) * kernel.dim())
    taps = len(flipped) // down
    if kernel.dim() == 1:
        return flipped.reshape(taps, down).t()
    return flipped.reshape(taps, down, taps, down).permute(1, 3, 0, 2)
