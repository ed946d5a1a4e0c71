"""The quantization tables of JPEG (ITU-T T.81, annex K) and their quality, as libjpeg scales them."""

import torch
from torch import Tensor

__all__ = ["CHROMA", "LUMA", "table"]

LUMA = (
    *(16, 11, 10, 16, 24, 40, 51, 61),
    *(12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56),
    *(14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77),
    *(24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101),
    *(72, 92, 95, 98, 112, 100, 103, 99),
)
"""Table K.1, row by row: vertical frequencies go down, horizontal ones to the right."""
CHROMA = (
    *(17, 18, 24, 47, 99, 99, 99, 99),
    *(18, 21, 26, 66, 99, 99, 99, 99),
    *(24, 26, 56, 99, 99, 99, 99, 99),
    *(47, 66, 99, 99, 99, 99, 99, 99),
    *(99,) * 32,
)
"""Table K.2."""


def table(steps: tuple[int, ...], quality: Tensor) -> Tensor:
    """The steps of each frequency at qualities `(N,)` of 1 to 100, `(N, 8, 8)`: whole numbers in 1 … 255."""
    percent = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality).floor()[:, None, None]
    base = torch.tensor(steps, dtype=quality.dtype, device=quality.device).reshape(8, 8)
    return ((base * percent + 50) / 100).floor().clamp(1, 255)
