"""Color transforms, as one matrix per image.

All five treat the mean of the colors (luma) and the remainder (chroma) separately: brightness, contrast and
luma flip change the luma; contrast, hue and saturation the chroma, which hue rotates about the gray axis. The
matrix is therefore a combination of the identity, the mean, and the cross product with the gray axis.
"""

import math

import torch
from torch import Tensor

from gancore.standard.ada.draws import COLOR, Draws

BRIGHTNESS_SPREAD = 0.2
"""Standard deviation of the added brightness."""
CONTRAST_SPREAD = 0.5
"""Standard deviation of the binary logarithm of the contrast."""
SATURATION_SPREAD = 1.0
"""Standard deviation of the binary logarithm of the saturation."""


def colored(image: Tensor, draws: Draws) -> Tensor:
    """Applies the color transforms. Of at least four channels the first three are colors, of two the first is
    gray; the others stay unchanged.
    """
    if not draws.any(*COLOR):
        return image
    colors = 3 if image.shape[1] >= 3 else 1
    matrix, added = color_map(draws, colors)
    old = image[:, :colors]
    changed = (matrix @ old.flatten(2) + added[:, None, None]).reshape(old.shape)
    return torch.cat([changed, image[:, colors:]], dim=1) if colors < image.shape[1] else changed


def color_map(draws: Draws, colors: int) -> tuple[Tensor, Tensor]:
    """The matrix `(N, colors, colors)` and the offset added to all colors, `(N,)`."""
    brightness = draws.sometimes(draws.chance("brightness"), BRIGHTNESS_SPREAD * draws.normal(), 0)
    contrast = draws.sometimes(draws.chance("contrast"), (CONTRAST_SPREAD * draws.normal()).exp2(), 1)
    flip = 1 - 2 * draws.sometimes(draws.chance("luma-flip"), (2 * draws.uniform()).floor(), 0)
    luma = flip * contrast
    if colors == 1:
        return luma[:, None, None], luma * brightness
    hue = draws.sometimes(draws.chance("hue"), (2 * draws.uniform() - 1) * math.pi, 0)
    chroma = contrast * draws.sometimes(
        draws.chance("saturation"), (SATURATION_SPREAD * draws.normal()).exp2(), 1
    )
    along, across = chroma * hue.cos(), chroma * hue.sin()
    turn = luma.new_tensor([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    identity = torch.eye(3, dtype=luma.dtype, device=luma.device)
    matrix = (
        _scaled(along, identity) + _scaled((luma - along) / 3, torch.ones_like(turn)) + _scaled(across, turn)
    )
    return matrix, luma * brightness


def _scaled(factor: Tensor, matrix: Tensor) -> Tensor:
    return factor[:, None, None] * matrix
