"""Translations and rotations of finished images, the reference for a generator's own motion of its image.

Paper: Karras et al. 2021 (StyleGAN3), arXiv:2106.12423, appendix E. Each function returns the expected image
`(N, C, H, W)` and a mask `(H, W)`, zeros and ones in its dtype, of the pixels unaffected by what lies beyond
the border. Shifts are in pixels; rotations counterclockwise in radians about the center of the image. Filters
are made in float64 on the CPU.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["filtered_as_if_turned", "shifted", "shifted_by_pixels", "turned", "turning_filter"]

LOBES = 3
"""The Lanczos window's a: its radius in pixels."""
FINE = 4
"""Samples per pixel along each axis, between which a rotated image is interpolated."""
FAR = 64
"""Radius in pixels to which ideal filters are written out before two of them are convolved."""
REACH = 2 * LOBES
"""Radius in pixels of two convolved windows."""


def shifted_by_pixels(image: Tensor, right: int, down: int) -> tuple[Tensor, Tensor]:
    """The operator T_x by whole pixels (appendix E.1)."""
    rows, columns = (
        _inside(size, max(by, 0), size + min(by, 0), image)
        for size, by in zip(image.shape[2:], (down, right), strict=True)
    )
    return image.roll((down, right), (2, 3)), rows[:, None] * columns


def shifted(image: Tensor, right: float, down: float) -> tuple[Tensor, Tensor]:
    """The operator T_x by any fraction of a pixel, with a separable Lanczos filter (appendix E.2)."""
    height, width = image.shape[2:]
    moved = _lanczos(height, down).to(image) @ image @ _lanczos(width, right).to(image).t()
    rows, columns = (
        _inside(size, max(math.floor(by) + LOBES, 0), size + min(math.floor(by) - LOBES + 1, 0), image)
        for size, by in ((height, down), (width, right))
    )
    return moved, rows[:, None] * columns


def turned(image: Tensor, angle: float) -> tuple[Tensor, Tensor]:
    """The operator R_α (appendix E.3): upsamples the image by `FINE` with a filter that keeps the band common
    to the original and rotated grids, then samples it bilinearly.
    """
    height, width = image.shape[2:]
    x, y = ((FINE * place).to(image) for place in _sources(height, width, angle))
    fine = _finer(image, turning_filter(angle, FINE))
    grid = torch.stack([2 * x / (fine.shape[3] - 1) - 1, 2 * y / (fine.shape[2] - 1) - 1], 2)
    seen = functional.grid_sample(
        fine, grid.expand(len(image), -1, -1, -1), mode="bilinear", padding_mode="zeros", align_corners=True
    )
    border = REACH * FINE - 2  # the outermost taps are as good as none
    inside = [
        (at.round() >= border) & (at.round() < FINE * (size - 1) - border)
        for at, size in ((x, width), (y, height))
    ]
    return seen, (inside[0] & inside[1]).to(image)


def filtered_as_if_turned(image: Tensor, angle: float) -> tuple[Tensor, Tensor]:
    """The operator R*_α (appendix E.3): applies the filter of a rotation by `angle` to an image already
    rotated.
    """
    n, c, height, width = image.shape
    kernel = turning_filter(-angle, 1).to(image)
    border = len(kernel) // 2
    left = functional.conv2d(image.reshape(n * c, 1, height, width), kernel[None, None], padding=border)
    rows, columns = (_inside(size, border, size - border, image) for size in (height, width))
    return left.reshape(n, c, height, width), rows[:, None] * columns


def turning_filter(angle: float, fine: int) -> Tensor:
    """`(2·REACH·fine - 1)` squared, float64, sum 1: passes what pixels can represent on both the grid and the
    rotated grid.

    The ideal filters of the two grids are convolved, and so are their Lanczos windows; the filter is the
    product. Each of the `fine`² sets of taps that make one upsampled value is normalized to the same sum.
    """
    ideal, window = _convolved(torch.sinc, FAR, angle, fine), _convolved(_window, 2 * REACH, angle, fine)
    kernel = functional.pad(_middle(ideal, REACH * fine) * _middle(window, REACH * fine), (0, 1, 0, 1))
    phases = kernel.reshape(2 * REACH, fine, 2 * REACH, fine)
    even = phases / phases.sum((0, 2), keepdim=True) / fine**2
    return even.reshape(kernel.shape)[:-1, :-1]


def _finer(image: Tensor, kernel: Tensor) -> Tensor:
    """Upsamples by `FINE` along each axis, the first sample at the pixel, with one convolution for all
    phases.
    """
    height, width = image.shape[2:]
    phases = (
        functional.pad(kernel, (1, 0, 1, 0))
        .reshape(2 * REACH, FINE, 2 * REACH, FINE)
        .permute(1, 3, 0, 2)
        .flip(2, 3)
    )
    weight = (phases.reshape(FINE**2, 1, 2 * REACH, 2 * REACH) * FINE**2).to(image)
    padded = functional.pad(image, (REACH - 1, REACH, REACH - 1, REACH)).flatten(0, 1)[:, None]
    fine = functional.pixel_shuffle(functional.conv2d(padded, weight), FINE)
    return fine.reshape(*image.shape[:2], FINE * height, FINE * width)


def _convolved(profile: Callable[[Tensor], Tensor], reach: int, angle: float, fine: int) -> Tensor:
    """profile(x)·profile(y) on the grid, convolved with the same on the rotated grid, to radius `reach`."""
    place = torch.arange(-reach * fine, reach * fine, dtype=torch.float64) / fine
    x, y = _turned(place, place[:, None], angle)
    spectra = [
        torch.fft.rfft2(torch.fft.ifftshift(one))
        for one in (profile(place) * profile(place)[:, None], profile(x) * profile(y))
    ]
    convolved: Tensor = torch.fft.fftshift(
        torch.fft.irfft2(spectra[0] * spectra[1], s=(len(place), len(place)))
    )
    return convolved


def _turned(x: Tensor, y: Tensor, angle: float) -> tuple[Tensor, Tensor]:
    """The point (x, y) after a rotation; y points down."""
    cosine, sine = math.cos(angle), math.sin(angle)
    return cosine * x + sine * y, cosine * y - sine * x


def _sources(height: int, width: int, angle: float) -> tuple[Tensor, Tensor]:
    """x and y of the point that each pixel of the rotated image comes from, `(H, W)` in pixels."""
    middle = (width - 1) / 2, (height - 1) / 2
    columns, rows = (
        torch.arange(width, dtype=torch.float64) - middle[0],
        torch.arange(height, dtype=torch.float64) - middle[1],
    )
    x, y = _turned(columns, rows[:, None], -angle)
    return x + middle[0], y + middle[1]


def _window(place: Tensor) -> Tensor:
    return torch.sinc(place / LOBES) * (place.abs() < LOBES)


def _lanczos(size: int, by: float) -> Tensor:
    """`(size, size)` float64: the matrix that shifts samples along one axis."""
    place = torch.arange(size, dtype=torch.float64)
    offset = place[:, None] - place - by
    taps = torch.sinc(offset) * _window(offset)
    phase = torch.arange(1 - LOBES, LOBES + 1, dtype=torch.float64) - by % 1
    return taps / (torch.sinc(phase) * _window(phase)).sum()


def _middle(kernel: Tensor, reach: int) -> Tensor:
    middle = len(kernel) // 2
    return kernel[middle - reach + 1 : middle + reach, middle - reach + 1 : middle + reach]


def _inside(size: int, first: int, end: int, like: Tensor) -> Tensor:
    place = torch.arange(size)
    return ((place >= first) & (place < end)).to(like)
