"""Resampling with finite impulse response filters: insert zeros between samples, filter, drop samples.

`Resample` takes maps of any size and centers the output on the input; `Fir` is made for one size of maps and
has explicit padding. A short filter is a depthwise convolution in channels_last, the fastest form on a CPU at
the sizes of feature maps, two to four times faster than products with banded matrices; a long one is applied
along rows and columns in turn. If the size goes up and down at once, and on the smallest maps, banded
matrices avoid computing samples that would be dropped. All forms can be differentiated any number of times.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["BANDED_UP_TO", "BINOMIAL", "Fir", "Resample", "Step", "banded", "filtered", "resampling_matrix"]

BINOMIAL = (1.0, 2.0, 1.0)
SHORT = 4
"""Up to this many taps one square kernel is faster than two passes."""
BANDED_UP_TO = 8
"""The longest side of an input for which `Fir` uses matrices although a convolution could do the same."""


class Resample(nn.Module):
    """Inserts `up` - 1 zeros between samples, convolves rows and columns with `taps`, and keeps every
    `down`-th sample.

    Taps are normalized to a sum of `up`, so a constant image stays constant away from the border, beyond
    which are zeros. The output is centered on the input. `(N, C, H, W)` → `(N, C, H·up/down, W·up/down)`. A
    bias `(C,)` may be added in the same step.

    Raises:
        ValueError: there are fewer taps than `up` or `down`, so samples would be lost, or they sum to zero.
    """

    kernel: Tensor

    def __init__(self, taps: Sequence[float] = BINOMIAL, *, up: int = 1, down: int = 1) -> None:
        super().__init__()
        if len(taps) < max(up, down) or min(up, down) < 1 or sum(taps) == 0:
            raise ValueError(
                f"taps {list(taps)} cannot resample by {up}/{down}; "
                f"give at least {max(up, down)} with a nonzero sum"
            )
        self.up, self.down, self.taps = up, down, len(taps)
        row = torch.tensor(taps, dtype=torch.float32) * (up / sum(taps))
        square = len(taps) <= SHORT and not (up > 1 and down > 1)
        self.register_buffer(
            "kernel", (row[:, None] * row if square else row[None])[None, None], persistent=False
        )

    def forward(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        """`(N, C, H, W)` → `(N, C, H·up/down, W·up/down)`."""
        if self.up > 1 and self.down > 1:
            return self._banded(x, bias)
        if self.kernel.shape[2] > 1:
            return self._convolved(x, self.kernel, bias)
        return self._convolved(self._convolved(x, self.kernel, None), self.kernel.transpose(2, 3), bias)

    def _convolved(self, x: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
        """One depthwise pass along the axes in which the kernel is longer than one tap."""
        tall, wide = (size > 1 for size in kernel.shape[2:])
        before = first_zeros(self.taps, self.up, self.down)
        if self.up == 1:
            after = self.taps - self.down - before
            padding = before if before == after else 0
            if before != after:
                x = functional.pad(x, (before * wide, after * wide, before * tall, after * tall))
            step = Step(
                (self.down if tall else 1, self.down if wide else 1), (padding * tall, padding * wide)
            )
            return filtered(x, kernel.flip(2, 3), bias, step)
        front, back = self.taps - 1 - before, before + 1 - self.up
        crop = min(front, back)
        step = Step(
            (self.up if tall else 1, self.up if wide else 1), (crop * tall, crop * wide), transposed=True
        )
        y = filtered(x, kernel, bias, step)
        for dim, axis in ((2, tall), (3, wide)):
            if axis and front != back:
                y = y.narrow(dim, max(0, front - back), x.shape[dim] * self.up)
        return y

    def _banded(self, x: Tensor, bias: Tensor | None) -> Tensor:
        row = self.kernel[0, 0, 0].to(x.dtype)
        tall, wide = (resampling_matrix(size, row, self.up, self.down) for size in x.shape[2:])
        y = tall @ x @ wide.t()
        return y if bias is None else y + bias.reshape(1, -1, 1, 1)


class Fir(nn.Module):
    """Inserts `up` - 1 zeros after each sample, pads with `padding` zeros before and after, convolves with
    `taps`, and keeps every `down`-th sample.

    Unlike `Resample`, its padding is explicit, so even numbers of taps and maps of odd size are unambiguous.
    Taps are normalized to a sum of `up`; they must be symmetric. `(N, C, *size)` → `(N, C, (size·up + p - t)
    // down + 1)`, with p zeros in total and t taps, in the dtype of the input also under autocast.

    Raises:
        ValueError: the taps are not symmetric, or sum to zero.
    """

    tall: Tensor
    wide: Tensor
    kernel: Tensor

    def __init__(
        self,
        size: tuple[int, int],
        taps: Sequence[float] = (1.0, 3.0, 3.0, 1.0),
        *,
        up: int = 1,
        down: int = 1,
        padding: tuple[int, int],
    ) -> None:
        super().__init__()
        if list(taps) != list(taps)[::-1] or sum(taps) == 0:
            raise ValueError(f"taps are {list(taps)}; give symmetric taps with a nonzero sum")
        row = torch.tensor(taps, dtype=torch.float32) * (up / sum(taps))
        self.steps = _depthwise(size, len(row), up, down, padding) if max(size) > BANDED_UP_TO else None
        if self.steps:
            self.register_buffer("kernel", (row[:, None] * row)[None, None], persistent=False)
        else:
            self.register_buffer("tall", banded(size[0], row, up, down, padding), persistent=False)
            self.register_buffer("wide", banded(size[1], row, up, down, padding), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, *size)` → the filtered map."""
        with torch.autocast(x.device.type, enabled=False):
            if self.steps:
                return filtered(x, self.kernel, None, self.steps)
            n, c, h, w = x.shape
            rows = x.permute(0, 2, 3, 1).reshape(n, h, w * c)
            rows = torch.bmm(self.tall.to(x.dtype).expand(n, -1, -1), rows)
            h = rows.shape[1]
            columns = torch.bmm(self.wide.to(x.dtype).expand(n * h, -1, -1), rows.reshape(n * h, w, c))
            return columns.reshape(n, h, -1, c).permute(0, 3, 1, 2)


def first_zeros(taps: int, up: int, down: int) -> int:
    """The padding before the first sample that centers the output on the input."""
    return (taps + up - down) // 2


def resampling_matrix(size: int, taps: Tensor, up: int, down: int) -> Tensor:
    """The linear map of `Resample` along one axis, `(size · up / down, size)`; `taps` are used
    unnormalized.
    """
    before = first_zeros(len(taps), up, down)
    return banded(size, taps.flip(0), up, down, (before, len(taps) - down - before))


def banded(size: int, taps: Tensor, up: int, down: int, padding: tuple[int, int]) -> Tensor:
    """A filter along one axis of a padded input, as a matrix `(outputs, size)`; taps are not flipped."""
    outputs = (size * up + sum(padding) - len(taps)) // down + 1
    inputs, rows = torch.arange(size, device=taps.device), torch.arange(outputs, device=taps.device)
    place = inputs * up + padding[0] - rows[:, None] * down
    return taps[place.clamp(0, len(taps) - 1)] * ((place >= 0) & (place < len(taps)))


class Step(NamedTuple):
    """How a depthwise kernel is applied to an image; transposed, it is the adjoint map."""

    stride: tuple[int, int]
    padding: tuple[int, int]
    added: tuple[int, int] = (0, 0)
    transposed: bool = False


def _depthwise(size: tuple[int, int], taps: int, up: int, down: int, padding: tuple[int, int]) -> Step | None:
    """How a single convolution does the same; None if none does."""
    if up == 1 and padding[0] == padding[1]:
        return Step((down, down), (padding[0], padding[0]))
    front, back = taps - 1 - padding[0], taps - up - padding[1]
    if down == 1 and front == back and front >= 0:
        return Step((up, up), (front, front), transposed=True)
    return None


class Filtered(torch.autograd.Function):
    """A depthwise convolution with a fixed kernel, whose gradient is its adjoint, again one of these.

    torch's own second derivative of a convolution loops over the groups, for a gradient of the kernel that is
    not needed.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: Tensor, bias: Tensor | None, step: Step) -> Tensor:
        output = Filtered.output(x, kernel, bias, step)
        ctx.save_for_backward(kernel)
        ctx.biased = None if bias is None else bias.dtype
        added = [size - ((out - 1) * s - 2 * p + k) for size, out, s, p, k in _axes(x, output, kernel, step)]
        ctx.adjoint = Step(
            step.stride,
            step.padding,
            (0, 0) if step.transposed else (added[0], added[1]),
            not step.transposed,
        )
        return output

    @staticmethod
    def output(x: Tensor, kernel: Tensor, bias: Tensor | None, step: Step) -> Tensor:
        """The filtered map."""
        bias = None if bias is None else bias.to(x.dtype)
        kernel = kernel.to(x.dtype)
        if not (x.is_contiguous() or x.is_contiguous(memory_format=torch.channels_last)):
            x = x.contiguous(memory_format=torch.channels_last)
        with torch.autocast(x.device.type, enabled=False):
            if step.transposed and _slow_transposed(x, step):
                x, kernel, step = _straightened(x, kernel, step)
            weight = kernel.expand(x.shape[1], 1, -1, -1)
            if step.transposed:
                return functional.conv_transpose2d(
                    x, weight, bias, step.stride, step.padding, step.added, groups=len(weight)
                )
            return functional.conv2d(x, weight, bias, step.stride, step.padding, groups=len(weight))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (kernel,), (gradient,) = ctx.saved_tensors, gradients
        bias = gradient.sum((0, 2, 3)).to(ctx.biased) if ctx.biased is not None else None
        return filtered(gradient, kernel, None, ctx.adjoint), None, bias, None


def filtered(x: Tensor, kernel: Tensor, bias: Tensor | None, step: Step) -> Tensor:
    """`Filtered`, typed."""
    y: Tensor = Filtered.apply(x, kernel, bias, step)  # type: ignore[no-untyped-call]
    return y


def _slow_transposed(x: Tensor, step: Step) -> bool:
    # without a stride a plain convolution does the same; with one, oneDNN's in bfloat16 takes ten times as
    # long as zeros put between
    return step.stride == (1, 1) or (x.device.type == "cpu" and x.dtype == torch.bfloat16)


def _straightened(x: Tensor, kernel: Tensor, step: Step) -> tuple[Tensor, Tensor, Step]:
    """A transposed convolution as a plain one of stride 1, on a map with zeros between its samples."""
    reach = [k - 1 - p for k, p in zip(kernel.shape[2:], step.padding, strict=True)]
    if min(reach) < 0:
        return x, kernel, step
    if step.stride != (1, 1):
        n, c, *size = x.shape
        tall, wide = (
            (length - 1) * s + 1 + a for length, s, a in zip(size, step.stride, step.added, strict=True)
        )
        spread = x.new_zeros(n, tall, wide, c).permute(0, 3, 1, 2)
        spread[:, :, : tall - step.added[0] : step.stride[0], : wide - step.added[1] : step.stride[1]] = x
        x = spread
    return x, kernel.flip(2, 3), Step((1, 1), (reach[0], reach[1]))


def _axes(x: Tensor, output: Tensor, kernel: Tensor, step: Step) -> Iterator[tuple[int, int, int, int, int]]:
    return zip(x.shape[2:], output.shape[2:], step.stride, step.padding, kernel.shape[2:], strict=True)
