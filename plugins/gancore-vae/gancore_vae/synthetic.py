"""Images of simple shapes, made from known factors."""

import math

import torch
from torch import Tensor

from gancore.errors import UserError

FACTORS = {"shape": 3, "scale": 4, "rotation": 6, "right": 8, "down": 8}
"""The factors of an image, and how many values each has; `shape` alone has no order."""
NOMINAL = ("shape",)
_SAMPLES = 4
"""Points along a pixel's side whose mean the pixel is."""


def draw_factors(n: int, *, rng: torch.Generator) -> Tensor:
    """`n` rows of independent factors, each value equally likely: int64 `(n, 5)`."""
    return torch.stack([torch.randint(count, (n,), generator=rng) for count in FACTORS.values()], 1)


def shapes(factors: Tensor, size: int = 32) -> Tensor:
    """The images of factors `(N, 5)`: white on black, `(N, 1, size, size)` float32 in [-1, 1].

    A square, an ellipse or a triangle; its size from 0.5 to 1 of the largest, its rotation from 0° to 75° (no
    shape looks the same at two of them), its place on a grid of 8 × 8. In the manner of dSprites (Matthey et
    al. 2017), with fewer values.

    Raises:
        UserError: a factor is out of range.
    """
    counts = torch.tensor(list(FACTORS.values()))
    if (
        factors.ndim != 2
        or factors.shape[1] != len(counts)
        or not ((factors >= 0) & (factors < counts)).all()
    ):
        raise UserError(
            f"factors are {tuple(factors.shape)} with values up to {int(factors.max())}; give (N, 5) with "
            + ", ".join(f"{name} below {count}" for name, count in FACTORS.items())
        )
    return torch.cat([_render(some, size) for some in torch.split(factors, 256)])


def _render(factors: Tensor, size: int) -> Tensor:
    kind, scale, rotation, right, down = factors.float().T[:, :, None, None]  # (n, 1, 1) each
    points = size * _SAMPLES
    axis = (torch.arange(points) + 0.5) / points * 2 - 1  # (P,) in [-1, 1]
    x = axis - (right - 3.5) * 0.14  # (n, 1, P)
    y = axis[:, None] - (down - 3.5) * 0.14  # (n, P, 1)
    angle, length = rotation * math.pi / 12, 0.4 * (0.5 + scale / 6)
    u = (x * angle.cos() + y * angle.sin()) / length  # the shape's own axes, (n, P, P)
    v = (y * angle.cos() - x * angle.sin()) / length
    square = torch.maximum(u.abs(), v.abs()) - 0.8
    ellipse = u.square() + (2 * v).square() - 1
    triangle = torch.maximum(v - 0.5, u.abs() * math.sqrt(3) - v - 1)
    inside = torch.where(kind == 0, square, torch.where(kind == 1, ellipse, triangle)) < 0
    return torch.nn.functional.avg_pool2d(inside.float()[:, None], _SAMPLES) * 2 - 1
