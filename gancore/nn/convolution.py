"""Convolutions whose gradients are again convolutions, so that a gradient penalty is about as fast as its
passes.

torch differentiates the gradient of a convolution by convolutions with kernels as large as the maps, group by
group. Here the three maps that are linear in each of two arguments (the output from input and weight; the
gradient of the input, and that of the weight) are each other's derivatives, and all run in the operators of
a first derivative. The function is the same, to the order of sums.

On the CPU a kernel of one pixel, one of many channels that moves over a small map, and a transposed one that
gives an image are products of matrices.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from gancore.component.precision import autocast_dtype, cast_weight, without_autocast
from gancore.nn.columns import Pair, columns, places, spread
from gancore.nn.upfirdn import Step, filtered

__all__ = ["Conv2d", "ConvTranspose2d", "conv2d", "conv_transpose2d", "mean_conv2d", "repeated_conv2d"]

FEW = 2
"""How many times as many channels as places there must be for a product of matrices to be faster."""
NARROW = 4
"""The most channels that a transposed kernel of several pixels gives faster by a product of matrices."""


class Geometry(NamedTuple):
    """How a kernel moves over the maps; transposed, it is the adjoint map."""

    stride: Pair
    padding: Pair
    dilation: Pair
    groups: int
    transposed: bool = False

    def pointwise(self, kernel: torch.Size, *maps: Tensor) -> bool:
        """Whether it is a product of matrices, whose rows are places that lie in memory one after another."""
        if kernel[2:] != (1, 1) or self[:2] != ((1, 1), (0, 0)) or self.groups > 1 or self.transposed:
            return False
        # on the CPU, where torch's convolution in float32 with one thread is slower
        return all(
            x.device.type == "cpu" and x.is_contiguous(memory_format=torch.channels_last) for x in maps
        )

    def few(self, maps: torch.Size, kernel: torch.Size, like: Tensor) -> bool:
        """Whether a kernel moves over maps of this size at so few places that it is faster to gather the
        pixels under it and multiply matrices: torch's convolution on the CPU reorders the weight each time.
        """
        if not self.gathers(kernel, like):
            return False
        tall, wide = places(maps, *self.moves(kernel))
        return FEW * maps[0] * tall * wide <= kernel[0]

    def narrow(self, kernel: torch.Size, like: Tensor) -> bool:
        """Whether it is transposed and gives so few channels that torch's convolution, which computes more of
        them, takes twice as long as a product of matrices.
        """
        return self.transposed and kernel[1] <= NARROW and self.gathers(kernel, like)

    def gathers(self, kernel: torch.Size, like: Tensor) -> bool:
        """Whether the pixels under the kernel can be gathered for a product of matrices, on the CPU."""
        if self.groups > 1 or self.dilation != (1, 1) or kernel[2:] == (1, 1) or like.device.type != "cpu":
            return False
        return like.is_contiguous(memory_format=torch.channels_last)

    def moves(self, kernel: torch.Size) -> tuple[Pair, Pair, Pair]:
        """Size of the kernel, stride and padding."""
        return (kernel[2], kernel[3]), self.stride, self.padding

    def spread_size(self, x: torch.Size, kernel: torch.Size) -> torch.Size:
        """The size of what a transposed kernel makes of maps of this size."""
        sides = zip(x[2:], *self.moves(kernel), strict=True)
        return torch.Size((x[0], kernel[1], *((n - 1) * step + k - 2 * p for n, k, step, p in sides)))

    def apply(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """The output."""
        if self.pointwise(weight.shape, x):
            return _product(_rows(x), weight.flatten(1).t(), len(x), _sides(x), bias)
        size = self.spread_size(x.shape, weight.shape) if self.transposed else x.shape
        if not self.few(size, weight.shape, weight) and not self.narrow(weight.shape, weight):
            return self.convolution(x, weight, bias)
        if not self.transposed:
            return self.gathered(x, weight, bias)
        y = self.spread(x, weight, size)
        return y if bias is None else y + bias[:, None, None]

    def gathered(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """A convolution as a product of matrices: `(N, I, H, W)`, `(O, I, h, w)` → `(N, O, H', W')`."""
        moves = self.moves(weight.shape)
        return _product(columns(x, *moves), _matrix(weight).t(), len(x), places(x.shape, *moves), bias)

    def spread(self, x: Tensor, weight: Tensor, size: torch.Size) -> Tensor:
        """Its adjoint: `(N, O, H', W')`, `(O, I, h, w)` → `(N, I, H, W)` of this size."""
        return spread(_places(x) @ _matrix(weight), size, *self.moves(weight.shape))

    def convolution(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """The output, by torch's operator."""
        return torch.convolution(
            x, weight, bias, self.stride, self.padding, self.dilation, self.transposed, (0, 0), self.groups
        )

    def input_gradient(self, gradient: Tensor, weight: Tensor, size: torch.Size) -> Tensor:
        """The gradient of an input of this size, from that of the output."""
        if self.pointwise(weight.shape, gradient):
            return _product(_rows(gradient), weight.flatten(1), len(gradient), _sides(gradient))
        if self.few(gradient.shape if self.transposed else size, weight.shape, weight):
            return self.gathered(gradient, weight) if self.transposed else self.spread(gradient, weight, size)
        return self._backward(gradient, _unfilled(size, gradient), weight, (True, False, False))[0]

    def weight_gradient(self, gradient: Tensor, x: Tensor, size: torch.Size) -> Tensor:
        """The gradient of a weight of this size, from that of the output."""
        if self.pointwise(size, gradient, x):
            return (_rows(gradient).t() @ _rows(x))[:, :, None, None]
        fine, coarse = (gradient, x) if self.transposed else (x, gradient)
        if self.few(fine.shape, size, gradient):
            matrix = _places(coarse).t() @ columns(fine, *self.moves(size))  # (size[0], h·w·size[1])
            return matrix.view(size[0], *size[2:], size[1]).permute(0, 3, 1, 2)
        return self._backward(gradient, x, _unfilled(size, gradient), (False, True, False))[1]

    def _backward(
        self, gradient: Tensor, x: Tensor, weight: Tensor, wanted: tuple[bool, bool, bool]
    ) -> tuple[Tensor, ...]:
        found: tuple[Tensor, ...] = torch.ops.aten.convolution_backward(
            gradient,
            x,
            weight,
            None,
            self.stride,
            self.padding,
            self.dilation,
            self.transposed,
            (0, 0),
            self.groups,
            wanted,
        )
        return found


def _rows(x: Tensor) -> Tensor:
    """The places of a map in channels_last, `(N·H·W, C)`, a view."""
    return x.permute(0, 2, 3, 1).view(-1, x.shape[1])


def _places(x: Tensor) -> Tensor:
    """The places of a map of any layout, `(N·H·W, C)`."""
    return x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])


def _sides(x: Tensor) -> Pair:
    return x.shape[2], x.shape[3]


def _matrix(weight: Tensor) -> Tensor:
    """A kernel in channels_last as a matrix with the columns of `columns`, `(O, h·w·I)`, a view."""
    return weight.permute(0, 2, 3, 1).flatten(1)


def _product(rows: Tensor, matrix: Tensor, n: int, sides: Pair, bias: Tensor | None = None) -> Tensor:
    """Rows `(n·H·W, channels)` times a matrix, plus a bias, as a map in channels_last with these sides."""
    size = n, matrix.shape[1], *sides
    y = torch.empty(size, dtype=rows.dtype, device=rows.device, memory_format=torch.channels_last)
    if bias is None:
        torch.mm(rows, matrix, out=_rows(y))
    else:
        torch.addmm(bias, rows, matrix, out=_rows(y))
    return y


def _unfilled(size: torch.Size, like: Tensor) -> Tensor:
    """A tensor of which only shape and layout are read."""
    last = like.is_contiguous(memory_format=torch.channels_last)
    layout = torch.channels_last if last else torch.contiguous_format
    return torch.empty(size, dtype=like.dtype, device=like.device, memory_format=layout)


class _Output(torch.autograd.Function):
    """(x, weight) → output."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
        ctx.geometry, ctx.sizes = geometry, (x.shape, weight.shape)
        _keep(ctx, x, weight)
        with without_autocast(x):
            return geometry.apply(x, weight, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,), (x, weight) = gradients, ctx.saved_tensors
        for_x, for_weight, for_bias, _ = ctx.needs_input_grad
        return (
            _input_gradient(gradient, weight, ctx.sizes[0], ctx.geometry) if for_x else None,
            _weight_gradient(gradient, x, ctx.sizes[1], ctx.geometry) if for_weight else None,
            gradient.sum((0, 2, 3)) if for_bias else None,
            None,
        )


class _InputGradient(torch.autograd.Function):
    """(gradient of the output, weight) → gradient of the input."""

    @staticmethod
    def forward(ctx: Any, gradient: Tensor, weight: Tensor, size: torch.Size, geometry: Geometry) -> Tensor:
        ctx.geometry, ctx.size = geometry, weight.shape
        _keep(ctx, gradient, weight)
        with without_autocast(gradient):
            return geometry.input_gradient(gradient, weight, size)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (second,), (gradient, weight) = gradients, ctx.saved_tensors
        for_gradient, for_weight = ctx.needs_input_grad[:2]
        return (
            _output(second, weight, None, ctx.geometry) if for_gradient else None,
            _weight_gradient(gradient, second, ctx.size, ctx.geometry) if for_weight else None,
            None,
            None,
        )


class _WeightGradient(torch.autograd.Function):
    """(gradient of the output, x) → gradient of the weight."""

    @staticmethod
    def forward(ctx: Any, gradient: Tensor, x: Tensor, size: torch.Size, geometry: Geometry) -> Tensor:
        ctx.geometry, ctx.size = geometry, x.shape
        _keep(ctx, gradient, x)
        with without_autocast(gradient):
            return geometry.weight_gradient(gradient, x, size)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (second,), (gradient, x) = gradients, ctx.saved_tensors
        for_gradient, for_x = ctx.needs_input_grad[:2]
        return (
            _output(x, second, None, ctx.geometry) if for_gradient else None,
            _input_gradient(gradient, second, ctx.size, ctx.geometry) if for_x else None,
            None,
            None,
        )


def _output(x: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
    made: Tensor = _Output.apply(x, weight, bias, geometry)  # type: ignore[no-untyped-call]
    return made


def _input_gradient(gradient: Tensor, weight: Tensor, size: torch.Size, geometry: Geometry) -> Tensor:
    made: Tensor = _InputGradient.apply(gradient, weight, size, geometry)  # type: ignore[no-untyped-call]
    return made


def _weight_gradient(gradient: Tensor, x: Tensor, size: torch.Size, geometry: Geometry) -> Tensor:
    made: Tensor = _WeightGradient.apply(gradient, x, size, geometry)  # type: ignore[no-untyped-call]
    return made


def _keep(ctx: Any, first: Tensor, second: Tensor) -> None:
    """Saves of two factors those that a gradient of the other needs."""
    for_first, for_second = ctx.needs_input_grad[:2]
    ctx.save_for_backward(first if for_second else None, second if for_first else None)


def _convolved(x: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
    if (dtype := autocast_dtype(x)) is not None:
        x, weight = x.to(dtype), cast_weight(weight, dtype)
    bias = None if bias is None else bias.to(x.dtype)
    if torch.compiler.is_compiling():
        return geometry.convolution(x, weight, bias)
    if not torch.is_grad_enabled():
        return geometry.apply(x, weight, bias)
    return _output(x, weight, bias, geometry)


def conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: int | Pair = 1,
    padding: int | Pair = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
) -> Tensor:
    """`functional.conv2d`: `(N, inputs, H, W)` → `(N, outputs, H', W')`."""
    return _convolved(x, weight, bias, Geometry(_pair(stride), _pair(padding), _pair(dilation), groups))


def conv_transpose2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: int | Pair = 1,
    padding: int | Pair = 0,
) -> Tensor:
    """`functional.conv_transpose2d`: `(N, inputs, H, W)` → `(N, outputs, H', W')`."""
    return _convolved(x, weight, bias, Geometry(_pair(stride), _pair(padding), (1, 1), 1, transposed=True))


def mean_conv2d(x: Tensor, weight: Tensor, bias: Tensor | None, padding: int) -> Tensor:
    """A convolution, and the means of 2×2 pixels of what it gives: `(N, inputs, H, W)` → `(N, outputs, H/2,
    W/2)` where the padding keeps the size.

    Written as the means of 2×2 neighbors at every place and a convolution of stride 2: a quarter of the work,
    and equal up to rounding.
    """
    means = filtered(x, x.new_full((1, 1, 2, 2), 0.25), None, Step((1, 1), (padding, padding)))
    return conv2d(means, weight, bias, stride=2)


def repeated_conv2d(x: Tensor, weight: Tensor, bias: Tensor | None, padding: int) -> Tensor:
    """A convolution of what repeating every pixel gives: `(N, inputs, H, W)` → `(N, outputs, 2H, 2W)` where
    the padding keeps the size.

    Written as a transposed convolution of stride 2 and the sums of 2×2 of its pixels: a quarter of the work,
    and equal up to rounding.
    """
    spread = conv_transpose2d(x, weight.flip(2, 3).transpose(0, 1), stride=2, padding=max(padding - 1, 0))
    border = max(1 - padding, 0)
    return filtered(spread, weight.new_ones(1, 1, 2, 2), bias, Step((1, 1), (border, border)))


class Conv2d(nn.Conv2d):
    """`nn.Conv2d` by `conv2d`; a layer whose weight is made of its parameters says so by `effective_weight`.

    `(N, inputs, H, W)` → `(N, outputs, H', W')`.
    """

    def effective_weight(self) -> Tensor:
        """The weight to convolve with."""
        return self.weight

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs, H, W)` → `(N, outputs, H', W')`."""
        if self.padding_mode != "zeros" or isinstance(self.padding, str):
            y: Tensor = self._conv_forward(x, self.effective_weight(), self.bias)
            return y
        return conv2d(
            x,
            self.effective_weight(),
            self.bias,
            stride=_pair(self.stride),
            padding=_pair(self.padding),
            dilation=_pair(self.dilation),
            groups=self.groups,
        )


class ConvTranspose2d(nn.ConvTranspose2d):
    """`nn.ConvTranspose2d` by `conv_transpose2d`; of its options, those that this reads.

    `(N, inputs, H, W)` → `(N, outputs, H', W')`.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(inputs, outputs, kernel_size, stride, padding, bias=bias)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """`(N, inputs, H, W)` → `(N, outputs, H', W')`; the size of the output follows from the options."""
        return conv_transpose2d(
            x, self.weight, self.bias, stride=_pair(self.stride), padding=_pair(self.padding)
        )


def _pair(value: Any) -> Pair:
    return (value, value) if isinstance(value, int) else (value[0], value[1])
