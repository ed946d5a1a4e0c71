"""A nonlinearity that adds no aliases."""

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from gancore_stylegan.filters import resampling_matrix, separable_terms

__all__ = ["FilteredLeakyReLU", "zeros_before"]

Size = tuple[int, int]


class FilteredLeakyReLU(nn.Module):
    """Leaky ReLU of slope 0.2 at `up` times the sampling rate: upsample, apply, low-pass filter and keep each `down`-th sample.

    Paper: Karras et al. 2021 (StyleGAN3), arXiv:2106.12423, section 3.2, config F. `up_kernel` is `(taps,)`, `down_kernel`
    `(taps,)` for a separable filter or `(taps, taps)` for a radially symmetric one. Both resamplings are products with banded matrices,
    one along each axis, which differentiate any number of times; a radial filter is a sum of a few separable ones, done in the same two
    products. Beyond the border are zeros; the output is the middle of what the input gives.

    `(N, C, *inputs)` → `(N, C, *outputs)`.
    """

    def __init__(self, inputs: Size, outputs: Size, up_kernel: Tensor, down_kernel: Tensor, *, up: int, down: int) -> None:
        super().__init__()
        taps = len(up_kernel), len(down_kernel)
        before = [zeros_before(inputs[i], outputs[i], taps, up, down) for i in (0, 1)]
        fine = [(outputs[i] - 1) * down + taps[1] for i in (0, 1)]
        rise = [resampling_matrix(up_kernel * up, inputs[i], fine[i], up=up, before=before[i]) for i in (0, 1)]
        tall, wide = separable_terms(down_kernel) if down_kernel.dim() == 2 else (down_kernel[None], down_kernel[None])
        fall = [
            torch.stack([resampling_matrix(row, fine[i], outputs[i], down=down) for row in rows]) for i, rows in enumerate((tall, wide))
        ]
        self._keep("up_rows", rise[0])
        self._keep("up_columns", rise[1].t())
        self._keep("down_rows", fall[0].permute(1, 2, 0).flatten(1))
        self._keep("down_columns", fall[1].flatten(0, 1).t())
        self.terms, self.width = len(tall), outputs[1]

    def _keep(self, name: str, matrix: Tensor) -> None:
        self.register_buffer(name, matrix.float().contiguous(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, *inputs)` → `(N, C, *outputs)`."""
        up_rows, up_columns, down_rows, down_columns = (
            self.get_buffer(name).to(x.dtype) for name in ("up_rows", "up_columns", "down_rows", "down_columns")
        )
        fine = leaky_relu(up_rows @ (x @ up_columns), 0.2, inplace=True)
        # (…, rows, terms · columns) → (…, rows · terms, columns), so that the sum over terms is part of the second product
        coarse = (fine @ down_columns).reshape(*fine.shape[:2], fine.shape[2] * self.terms, self.width)
        return down_rows @ coarse


def zeros_before(inputs: int, outputs: int, taps: tuple[int, int], up: int, down: int) -> int:
    """How many zeros go before the first sample, so that the middles of input and output meet."""
    total = (outputs - 1) * down + 1 - inputs * up + sum(taps) - 2
    return (total + up) // 2
