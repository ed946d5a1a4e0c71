"""Residual blocks that double or halve the size of a map."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from gancore.component.precision import autocast_dtype
from gancore.nn.convolution import Conv2d, mean_conv2d, repeated_conv2d
from gancore.nn.rectifier import ReLU, relu

__all__ = ["ResidualBlock"]

Norm = Callable[[int], nn.Module]
Conv = Callable[..., nn.Module]


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions, each after normalization and activation, with a shortcut around them.

    Papers: He et al. 2016, arXiv:1603.05027, fig. 4e, as in Gulrajani et al. 2017 (WGAN-GP),
    arXiv:1704.00028, Miyato et al. 2018 (SNGAN), arXiv:1802.05957, fig. 8, and Brock et al. 2018 (BigGAN),
    arXiv:1809.11096, fig. 15: `up` comes before the first convolution (the text of WGAN-GP says the second,
    its code has the first), `down` after the second; if the shape changes, the shortcut is a 1×1 convolution.

    * A generator's block: `norm=nn.BatchNorm2d` or a conditional one, `up=nn.Upsample(scale_factor=2)`.
    * A discriminator's: `down=nn.AvgPool2d(2)`, and in SNGAN `hidden=inputs`.
    * A discriminator's first, which reads an image: `preactivation=False`.

    Difference: the 1×1 convolution is applied at the smaller size, before `up` and after `down`. For
    resampling that preserves constants, such as repeating, averaging and interpolating pixels, this gives the
    same result and is four times cheaper.

    Args:
        hidden: channels between the two convolutions; by default `outputs`.
        norm: makes the normalization for a number of channels; it receives the conditions passed to
        `forward`.
        activation: makes the activation, which must not be in-place.
        conv: makes the convolutions, as `Conv2d` or `SpectralConv2d`.
        preactivation: whether normalization and activation also precede the first convolution.
        activated_shortcut: whether the shortcut takes the activated input instead of the raw input.

    `(N, inputs, H, W)` → `(N, outputs, H', W')`.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        hidden: int | None = None,
        norm: Norm | None = None,
        activation: Callable[[], nn.Module] = ReLU,
        conv: Conv = Conv2d,
        up: nn.Module | None = None,
        down: nn.Module | None = None,
        preactivation: bool = True,
        activated_shortcut: bool = False,
    ) -> None:
        super().__init__()
        hidden = hidden or outputs
        self.norm1 = norm(inputs) if norm and preactivation else None
        self.conv1 = conv(inputs, hidden, 3, padding=1)
        self.norm2 = norm(hidden) if norm else None
        self.conv2 = conv(hidden, outputs, 3, padding=1)
        changes = inputs != outputs or up is not None or down is not None
        self.shortcut = conv(inputs, outputs, 1) if changes else nn.Identity()
        self.up = nn.Identity() if up is None else up
        self.down = nn.Identity() if down is None else down
        self.repeats = isinstance(self.conv1, Conv2d) and is_repeating(up)
        self.averages = isinstance(self.conv2, Conv2d) and is_averaging(down)
        self.activation = activation()
        self.preactivation, self.activated_shortcut = preactivation, activated_shortcut

    def forward(self, x: Tensor, *conditions: Tensor) -> Tensor:
        """`(N, inputs, H, W)`, and the conditions of the normalization → `(N, outputs, H', W')`."""
        h = self.activated(x, self.norm1, conditions) if self.preactivation else x
        around = self.up(self.shortcut(self.down(h if self.activated_shortcut else x)))
        h = self.after_up(h)
        h = self.activated(h, self.norm2, conditions, fresh=True)
        y: Tensor = self.before_down(h) + around
        return y

    def after_up(self, x: Tensor) -> Tensor:
        """The first convolution, at the size of the output."""
        conv: Any = self.conv1
        # in bfloat16 a plain convolution is faster than a transposed one
        if self.repeats and (autocast_dtype(x) or x.dtype) != torch.bfloat16:
            return repeated_conv2d(x, conv.effective_weight(), conv.bias, padding=1)
        y: Tensor = conv(self.up(x))
        return y

    def before_down(self, x: Tensor) -> Tensor:
        """The second convolution, at the size of the output."""
        conv: Any = self.conv2
        if self.averages:
            return mean_conv2d(x, conv.effective_weight(), conv.bias, padding=1)
        y: Tensor = self.down(conv(x))
        return y

    def activated(
        self, x: Tensor, norm: nn.Module | None, conditions: tuple[Tensor, ...], fresh: bool = False
    ) -> Tensor:
        """The map after normalization, if any, and activation, which may write over a map that nobody else
        has.
        """
        h: Tensor = x if norm is None else norm(x, *conditions)
        if isinstance(self.activation, ReLU) and (fresh or h is not x):
            return relu(h, inplace=True)
        y: Tensor = self.activation(h)
        return y


def is_repeating(up: nn.Module | None) -> bool:
    """Whether it repeats each pixel 2×2 times."""
    return isinstance(up, nn.Upsample) and (up.scale_factor, up.mode, up.size) == (2, "nearest", None)


def is_averaging(down: nn.Module | None) -> bool:
    """Whether it takes the means of 2×2 pixels."""
    settings = ("kernel_size", "stride", "padding", "ceil_mode")
    return isinstance(down, nn.AvgPool2d) and [getattr(down, name) for name in settings] == [2, 2, 0, False]
