"""How sharp images are beside others."""

import torch
from torch import Tensor

from gancore.measure.score import Value


def gradient_magnitude(images: Tensor) -> Tensor:
    """The mean length of the gradient of images `(N, C, H, W)`, over channels and pixels: `(N,)` float64.

    The gradient is that of the differences to the next pixel to the right and below: a focus measure, see
    Pertuz et al. 2013, Analysis of focus measure operators for shape-from-focus, Pattern Recognition 46(5).
    0 for images with a side of one pixel.
    """
    values = images.double()
    corner = values[:, :, :-1, :-1]
    right, down = values[:, :, :-1, 1:] - corner, values[:, :, 1:, :-1] - corner
    return torch.hypot(right, down).flatten(1).mean(1) if corner.numel() else values.new_zeros(len(images))


def sharpness(made: Tensor, real: Tensor) -> Value | None:
    """The mean gradient magnitude of images over that of their targets, each `(N, C, H, W)`: 1 where they are
    equally sharp, below where they are blurred, above where they hold noise or edges that are none. None
    where all targets are flat.

    The standard error is that of a ratio of means, by the delta method: of `(aᵢ - r bᵢ) / mean(b)`.
    """
    a, b = gradient_magnitude(made), gradient_magnitude(real)
    if not float(b.mean()):
        return None
    ratio = a.mean() / b.mean()
    error = ((a - ratio * b) / b.mean()).std() / len(a) ** 0.5
    return Value(float(ratio), float(error), "neither", perfect=1.0)
