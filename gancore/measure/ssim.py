"""Structural similarity of two images, single-scale and multi-scale."""

import math

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from gancore.errors import MeasureError
from gancore.measure.filters import filtered

WINDOW, SIGMA = 11, 1.5
_BELL = [math.exp(-((i - WINDOW // 2) ** 2) / (2 * SIGMA**2)) for i in range(WINDOW)]
GAUSSIAN = [weight / sum(_BELL) for weight in _BELL]
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the scales, finest first, from Wang et al. 2003."""


def ssim(first: Tensor, second: Tensor, *, range: float = 2.0) -> Tensor:
    """SSIM of pairs of images `(N, C, H, W)` whose values span `range`: `(N,)` float64, 1 if they are equal.

    Paper: Wang et al. 2004, IEEE Transactions on Image Processing 13(4), eq. 13: an 11×11 Gaussian window
    with σ = 1.5, K₁ = 0.01, K₂ = 0.03, variances divided by the window's weight. Only windows entirely inside
    the image count. Averaged over channels, in float64.

    Raises:
        MeasureError: the images are smaller than a window.
    """
    return _similar(first, second, range)[0].mean(1)


def scales(height: int, width: int) -> int:
    """The number of scales, at most five, for which a window fits into the coarsest."""
    return sum(min(height, width) // 2**i >= WINDOW for i in range(len(WEIGHTS)))


def ms_ssim(first: Tensor, second: Tensor, *, range: float = 2.0) -> Tensor:
    """MS-SSIM of pairs of images `(N, C, H, W)`: `(N,)` float64, 1 if they are equal.

    Paper: Wang et al. 2003, Multiscale structural similarity for image quality assessment, eq. 7, images
    halved by 2×2 means. Images under 176 pixels have fewer than five scales: as many as leave room for a
    window, with the first weights over their sum. Contrast and structure are averaged over channels before
    they are multiplied; where one is negative it counts as zero. At every scale only windows that lie wholly
    within the image count, as in the paper's own code. torchmetrics reflects images at their borders instead,
    and at the coarsest scale averages over the windows there too, so its values differ.

    Raises:
        MeasureError: the images are smaller than a window.
    """
    weights = torch.tensor(WEIGHTS[: max(1, scales(*first.shape[2:]))], dtype=torch.float64)
    weights /= weights.sum()
    found = torch.ones(len(first), dtype=torch.float64)
    for i, weight in enumerate(weights):
        whole, contrast = _similar(first, second, range)
        found *= (whole if i == len(weights) - 1 else contrast).mean(1).clamp(min=0) ** weight
        first, second = avg_pool2d(first, 2), avg_pool2d(second, 2)
    return found


def _similar(first: Tensor, second: Tensor, range: float) -> tuple[Tensor, Tensor]:
    """The full index, and its contrast-structure term alone, each `(N, C)`."""
    if min(first.shape[2:]) < WINDOW:
        raise MeasureError(
            f"structural similarity needs windows of {WINDOW}×{WINDOW} pixels; the images are "
            f"{first.shape[2]}×{first.shape[3]}: give larger ones"
        )
    a, b = first.double(), second.double()
    mean_a, mean_b, aa, bb, ab = (filtered(x, GAUSSIAN) for x in (a, b, a * a, b * b, a * b))
    c1, c2 = (0.01 * range) ** 2, (0.03 * range) ** 2
    contrast = (2 * (ab - mean_a * mean_b) + c2) / (aa - mean_a**2 + bb - mean_b**2 + c2)
    whole = contrast * (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    return whole.mean((2, 3)), contrast.mean((2, 3))
