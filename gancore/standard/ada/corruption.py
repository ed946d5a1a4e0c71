"""Image-space corruptions: additive noise and cutout."""

import torch
from torch import Tensor

from gancore.standard.ada.draws import CUTOUT, NOISE, Draws

NOISE_SPREAD = 0.1
"""Standard deviation of the normal variable whose magnitude is the standard deviation of the noise."""
CUTOUT_SIZE = 0.5
"""Height and width of the cutout, as a fraction of the image's."""


def corrupted(image: Tensor, draws: Draws) -> Tensor:
    """Adds noise, and sets a rectangle to zero."""
    if draws.any(*NOISE):
        strength = draws.sometimes(draws.chance("noise"), NOISE_SPREAD * draws.normal(1, 1, 1).abs(), 0)
        image = image + strength * draws.normal(*image.shape[1:])
    if draws.any(*CUTOUT):
        size = draws.sometimes(draws.chance("cutout"), torch.full_like(image[:, 0, 0, :1], CUTOUT_SIZE), 0)
        middle = draws.uniform(2)
        row, column = (_covered(image.shape[2 + i], middle[:, i, None], size) for i in range(2))
        image = image * ~(row[:, None, :, None] & column[:, None, None, :])
    return image


def _covered(pixels: int, middle: Tensor, size: Tensor) -> Tensor:
    """Which pixels along one axis have their center inside, `(N, pixels)`."""
    place = (torch.arange(pixels, device=middle.device, dtype=middle.dtype) + 0.5) / pixels
    return (place - middle).abs() < size / 2
