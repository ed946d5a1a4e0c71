"""Pixel blitting and general geometric transforms.

Maps go from positions in the new image to positions in the old one, in pixels from the center of the image, x
before y.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from gancore.standard.ada.draws import BLITTING, GEOMETRIC, Draws
from gancore.standard.ada.mirror import HALF, downsampling, mirrored, period, upsampling
from gancore.standard.ada.sampling import sampled

INTEGER_RANGE = 0.125
"""Maximum integer translation, as a fraction of the image size."""
SCALE_SPREAD = 0.2
"""Standard deviation of the binary logarithm of both scales."""
FRACTIONAL_SPREAD = 0.125
"""Standard deviation of the fractional translation, as a fraction of the image size."""


class Affine(NamedTuple):
    """The position in the old image of a position in the new one: matrix `(N, 2, 2)` · position + offset `(N,
    2)`.
    """

    matrix: Tensor
    offset: Tensor

    @classmethod
    def of(cls, matrix: Tensor, translation: Tensor) -> "Affine":
        """Undoes the inverse of `matrix` followed by a translation: matrix · (position - translation)."""
        return cls(matrix, -(matrix @ translation[..., None])[..., 0])

    def then(self, other: "Affine") -> "Affine":
        """The composition: this map from the new image to an intermediate one, then `other`."""
        return Affine(
            other.matrix @ self.matrix, (other.matrix @ self.offset[..., None])[..., 0] + other.offset
        )

    def of_raster(self, x: Tensor, y: Tensor) -> Tensor:
        """The mapped positions of a raster, `(N, h, w, 2)`."""
        columns = x[:, None] * self.matrix[:, None, :, 0] + self.offset[:, None]
        rows = y[:, None] * self.matrix[:, None, :, 1]
        places = x.new_empty(*rows.shape[:2], len(x), 2)
        for axis in (0, 1):
            torch.add(columns[:, None, :, axis], rows[:, :, None, axis], out=places[..., axis])
        return places

    def rows(self, rows: Tensor) -> "Affine":
        """The maps of some of the images."""
        return Affine(self.matrix[rows], self.offset[rows])


def moved(image: Tensor, draws: Draws) -> Tensor:
    """Applies both groups of transforms. Pixels that are only blitted are copied; only the other images pass
    through the filters.
    """
    height, width = image.shape[2:]
    blit = blitting(draws, height, width)
    new = blitted(image, blit) if draws.any(*BLITTING) else image
    if not draws.any(*GEOMETRIC):
        return new
    affine, changed = geometric(draws, height, width)
    rows = changed.nonzero()[:, 0]
    if len(rows) == 0:
        return new
    return new.index_copy(0, rows, warped(image[rows], affine.then(blit).rows(rows)))


def blitting(draws: Draws, height: int, width: int) -> Affine:
    """Flips, then rotations by multiples of 90°, then integer translations."""
    flip = 1 - 2 * draws.sometimes(draws.chance("x-flip"), (2 * draws.uniform()).floor(), 0)
    turns = draws.sometimes(draws.chance("rotate-90"), (4 * draws.uniform()).floor(), 0).long()
    cos, sin = flip.new_tensor([1, 0, -1, 0])[turns], flip.new_tensor([0, 1, 0, -1])[turns]
    share = draws.sometimes(
        draws.chance("integer-translation"), (2 * draws.uniform(2) - 1) * INTEGER_RANGE, 0
    )
    return Affine.of(
        _matrix(flip * cos, -flip * sin, sin, cos), (share * share.new_tensor([width, height])).round()
    )


def geometric(draws: Draws, height: int, width: int) -> tuple[Affine, Tensor]:
    """Isotropic scale, rotation, anisotropic scale, another rotation, and translation; and which images
    change, `(N,)`.
    """
    # the probability that at least one of the two rotations applies is p
    turning = 1 - (1 - torch.as_tensor(draws.chance("rotation")).clamp(max=1)).sqrt()
    scale = draws.sometimes(draws.chance("isotropic-scale"), (SCALE_SPREAD * draws.normal()).exp2(), 1)
    before = draws.sometimes(turning, (2 * draws.uniform() - 1) * math.pi, 0)
    stretch = draws.sometimes(draws.chance("anisotropic-scale"), (SCALE_SPREAD * draws.normal()).exp2(), 1)
    after = draws.sometimes(turning, (2 * draws.uniform() - 1) * math.pi, 0)
    share = draws.sometimes(draws.chance("fractional-translation"), FRACTIONAL_SPREAD * draws.normal(2), 0)
    matrix = (
        _rotation(before)
        @ _matrix(1 / stretch, 0 * stretch, 0 * stretch, stretch)
        @ _rotation(after)
        / scale[:, None, None]
    )
    changed = (scale != 1) | (before != 0) | (stretch != 1) | (after != 0) | (share != 0).any(1)
    return Affine.of(matrix, share * share.new_tensor([width, height])), changed


def blitted(image: Tensor, blit: Affine) -> Tensor:
    """Rearranges the pixels. If height and width differ by an odd number, a rotation by 90° is off by half a
    pixel.
    """
    n, c, height, width = image.shape
    x, y = (_samples(size, 1, 0, image) for size in (width, height))
    column, row = (
        (blit.of_raster(x, y) + x.new_tensor([(width - 1) / 2, (height - 1) / 2])).floor().long().unbind(-1)
    )
    place = (mirrored(row, height) * width + mirrored(column, width)).reshape(n, 1, -1).expand(n, c, -1)
    return image.flatten(2).gather(2, place).reshape(image.shape)


def warped(image: Tensor, affine: Affine) -> Tensor:
    """Upsamples the image by 2 with the orthogonal low-pass filter, samples it bilinearly, and downsamples it
    with the same filter.
    """
    height, width = image.shape[2:]
    doubled = upsampling(height, image) @ (image @ upsampling(width, image).t())
    place = _in_periods(affine, width, height).of_raster(
        *(_samples(size, 2, HALF - 1, image) for size in (width, height))
    )
    place = place.sub_(place.floor()).mul_(2).sub_(1)
    return downsampling(height, image) @ (sampled(doubled, place) @ downsampling(width, image).t())


def _samples(size: int, finer: int, beyond: int, like: Tensor) -> Tensor:
    """The positions of samples, in pixels from the center: `finer` per pixel starting at the first pixel, and
    `beyond` more at each end.
    """
    index = torch.arange(-beyond, finer * size + beyond, device=like.device, dtype=like.dtype)
    return index / finer - (size - 1) / 2


def _in_periods(affine: Affine, width: int, height: int) -> Affine:
    """The same in periods of the mirrored image, counted from its first pixel, where the upsampled one has
    its first sample.
    """
    size = affine.offset.new_tensor([width, height])
    length = size.new_tensor([period(width), period(height)])
    return Affine(affine.matrix / length[:, None], (affine.offset + (size - 1) / 2) / length)


def _rotation(angle: Tensor) -> Tensor:
    cos, sin = angle.cos(), angle.sin()
    return _matrix(cos, -sin, sin, cos)


def _matrix(a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> Tensor:
    return torch.stack([a, b, c, d], dim=1).reshape(-1, 2, 2)
