"""The alias-free nonlinearity."""

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, pad

from gancore.nn.upfirdn import Step, filtered
from gancore_stylegan.stylegan2.clamping import clamped
from gancore_stylegan.stylegan3.filters import (
    falling_phases,
    resampling_matrix,
    rising_phases,
    separable_terms,
)

__all__ = ["FilteredLeakyReLU", "zeros_before"]

Size = tuple[int, int]


class FilteredLeakyReLU(nn.Module):
    """Leaky ReLU of slope 0.2 at `up` times the sampling rate, followed by downsampling by `down`.

    Paper: Karras et al. 2021 (StyleGAN3), arXiv:2106.12423, section 3.2, config F. `up_kernel` is `(taps,)`,
    `down_kernel` `(taps,)` for a separable filter or `(taps, taps)` for a radially symmetric one. Both
    implementations compute no product that is discarded, and can be differentiated any number of times. The
    input is padded with zeros; the output is centered on it. Values at the fine rate are clamped to ±`clamp`,
    before the low-pass filter.

    `(N, C, *inputs)` → `(N, C, *outputs)`.
    """

    def __init__(
        self,
        inputs: Size,
        outputs: Size,
        up_kernel: Tensor,
        down_kernel: Tensor,
        *,
        up: int,
        down: int,
        clamp: float = 0.0,
    ) -> None:
        super().__init__()
        form = Polyphase if up == down else Banded
        self.form = form(inputs, outputs, up_kernel, down_kernel, up, down, clamp)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, *inputs)` → `(N, C, *outputs)`."""
        filtered: Tensor = self.form(x)
        return filtered


class Polyphase(nn.Module):
    """The implementation for `up` = `down`: the fine map is stored as its polyphase components.

    Each component is about as large as the input. Both resamplings are short depthwise convolutions, which in
    channels_last on a CPU are twice as fast as matrix products. For different rates, the components of the
    output would have to be interleaved, which costs more than it saves.
    """

    def __init__(
        self,
        inputs: Size,
        outputs: Size,
        up_kernel: Tensor,
        down_kernel: Tensor,
        up: int,
        down: int,
        clamp: float,
    ) -> None:
        super().__init__()
        self.clamp = clamp
        fall = falling_phases(down_kernel, down)
        self._keep("fall", fall)
        pads: list[tuple[int, int]] = []
        for i, axis in enumerate(("rows", "columns")):
            before = zeros_before(inputs[i], outputs[i], (len(up_kernel), len(down_kernel)), up, down)
            rise, first = rising_phases(up_kernel * up, up, before)
            self._keep(f"rise_{axis}", rise)
            pads.append((-first, outputs[i] + fall.shape[-1] + rise.shape[1] - 2 + first - inputs[i]))
        # the convolution's own padding needs no copy
        even = all(front == back >= 0 for front, back in pads)
        self.padding = (pads[0][0], pads[1][0]) if even else (0, 0)
        self.margin = None if even else (*pads[1], *pads[0])

    def _keep(self, name: str, kernels: Tensor) -> None:
        self.register_buffer(name, kernels.float(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, *inputs)` → `(N, C, *outputs)`."""
        x = x if self.margin is None else pad(x, self.margin)  # (N, C, h, w)
        along_rows, along_columns = Step((1, 1), (self.padding[0], 0)), Step((1, 1), (0, self.padding[1]))
        fall = self.get_buffer("fall")
        sums = []
        for tall in self.get_buffer("rise_rows"):
            rows = filtered(x, tall[None, None, :, None], None, along_rows)  # one phase of rows
            raised = [  # the phases of columns of these rows
                filtered(rows, wide[None, None, None, :], None, along_columns)
                for wide in self.get_buffer("rise_columns")
            ]
            fine = [clamped(leaky_relu(part, 0.2, inplace=True), self.clamp) for part in raised]
            # a separable filter sums the columns of each phase of rows right away, which frees memory sooner
            sums += fine if fall.dim() == 4 else [_summed(fine, fall[:, None, None, None, :])]
        return _summed(  # (N, C, *outputs)
            sums, fall.flatten(0, 1)[:, None, None] if fall.dim() == 4 else fall[:, None, None, :, None]
        )


def _summed(parts: list[Tensor], kernels: Tensor) -> Tensor:
    """The sum of maps `(N, C, h, w)`, each filtered by its kernel `(1, 1, taps, taps)`."""
    total, *more = (
        filtered(part, kernel, None, Step((1, 1), (0, 0)))
        for part, kernel in zip(parts, kernels, strict=True)
    )
    for part in more:
        total.add_(part)
    return total


class Banded(nn.Module):
    """The implementation for any rates: both resamplings multiply by a banded matrix along each axis.

    A radial filter is a sum of a few separable ones, computed in the same two products.
    """

    def __init__(
        self,
        inputs: Size,
        outputs: Size,
        up_kernel: Tensor,
        down_kernel: Tensor,
        up: int,
        down: int,
        clamp: float,
    ) -> None:
        super().__init__()
        self.clamp = clamp
        taps = len(up_kernel), len(down_kernel)
        before = [zeros_before(inputs[i], outputs[i], taps, up, down) for i in (0, 1)]
        fine = [(outputs[i] - 1) * down + taps[1] for i in (0, 1)]
        rise = [
            resampling_matrix(up_kernel * up, inputs[i], fine[i], up=up, before=before[i]) for i in (0, 1)
        ]
        tall, wide = (
            separable_terms(down_kernel) if down_kernel.dim() == 2 else (down_kernel[None], down_kernel[None])
        )
        fall = [
            torch.stack([resampling_matrix(row, fine[i], outputs[i], down=down) for row in rows])
            for i, rows in enumerate((tall, wide))
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
            self.get_buffer(name).to(x.dtype)
            for name in ("up_rows", "up_columns", "down_rows", "down_columns")
        )
        raised = up_rows @ (x @ up_columns)  # (N, C, fine rows, fine columns)
        fine = clamped(leaky_relu(raised, 0.2, inplace=True), self.clamp)
        # (…, rows, terms · columns) → (…, rows · terms, columns): the second product then sums over terms
        coarse = (fine @ down_columns).reshape(*fine.shape[:2], fine.shape[2] * self.terms, self.width)
        return down_rows @ coarse  # (N, C, *outputs)


def zeros_before(inputs: int, outputs: int, taps: tuple[int, int], up: int, down: int) -> int:
    """The number of zeros before the first sample that aligns the centers of input and output."""
    total = (outputs - 1) * down + 1 - inputs * up + sum(taps) - 2
    return (total + up) // 2
