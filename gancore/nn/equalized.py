"""Equalized learning rate: weights are N(0, 1) and scaled at run time, so every layer learns at the same
speed.

Paper: Karras et al. 2017 (ProGAN), arXiv:1710.10196, section 4.1: ŵ = w · c with He's constant c = gain /
√fan_in. The multiplier on the learning rate is that of Karras et al. 2018 (StyleGAN), arXiv:1812.04948,
appendix C (λ' = 0.01 · λ): weights are stored 1/multiplier times as large and multiplied back, so an
optimizer that ignores the scale of gradients moves them `lr_multiplier` times as fast.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from gancore.nn.convolution import conv2d, mean_conv2d, repeated_conv2d

__all__ = ["EqualizedConv2d", "EqualizedDownConv2d", "EqualizedLinear", "EqualizedUpConv2d"]


class EqualizedLinear(nn.Module):
    """y = ŵ x + b with an equalized learning rate.

    `(N, inputs)` → `(N, outputs)`. `gain` is √2 if a leaky ReLU follows, 1 if nothing does; the bias starts
    at `start`.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        gain: float = math.sqrt(2),
        lr_multiplier: float = 1.0,
        start: float = 0.0,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / lr_multiplier)
        self.bias = nn.Parameter(torch.full((outputs,), start / lr_multiplier))
        self.scale = gain / math.sqrt(inputs) * lr_multiplier
        self.lr_multiplier = lr_multiplier

    def effective_weight(self) -> Tensor:
        """ŵ, the scaled weight."""
        return self.weight * self.scale

    def forward(self, x: Tensor, bias_gain: float | Tensor = 1.0) -> Tensor:
        """`(N, inputs)` → `(N, outputs)`; `bias_gain` multiplies the bias, as a gain after the layer does."""
        # the smaller of the two factors is scaled
        return functional.linear(x * self.scale, self.weight, self.bias * (self.lr_multiplier * bias_gain))


class EqualizedConv2d(nn.Module):
    """A convolution of odd kernel and stride 1 with an equalized learning rate.

    `(N, inputs, H, W)` → `(N, outputs, H, W)`, zeros beyond the border.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 3,
        *,
        gain: float = math.sqrt(2),
        lr_multiplier: float = 1.0,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel) / lr_multiplier)
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.scale = gain / math.sqrt(inputs * kernel * kernel) * lr_multiplier
        self.lr_multiplier = lr_multiplier
        self.padding = kernel // 2

    def effective_bias(self) -> Tensor | None:
        """The scaled bias."""
        return None if self.bias is None else self.bias * self.lr_multiplier

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs, H, W)` → `(N, outputs, H, W)`."""
        return conv2d(x, self.weight * self.scale, self.effective_bias(), padding=self.padding)


class EqualizedUpConv2d(EqualizedConv2d):
    """`EqualizedConv2d` of maps in which every pixel is repeated 2×2 times: `(N, C, H, W)` → `(N, outputs,
    2H, 2W)`; see `gancore.nn.convolution.repeated_conv2d`.
    """

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs, H, W)` → `(N, outputs, 2H, 2W)`."""
        return repeated_conv2d(x, self.weight * self.scale, self.effective_bias(), self.padding)


class EqualizedDownConv2d(EqualizedConv2d):
    """`EqualizedConv2d` followed by the means of 2×2 pixels: `(N, C, H, W)` → `(N, outputs, H/2, W/2)`; see
    `gancore.nn.convolution.mean_conv2d`.
    """

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs, H, W)` → `(N, outputs, H/2, W/2)`."""
        return mean_conv2d(x, self.weight * self.scale, self.effective_bias(), self.padding)
