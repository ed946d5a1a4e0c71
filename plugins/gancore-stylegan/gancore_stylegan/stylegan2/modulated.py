"""Layers of StyleGAN2's synthesis network: convolutions whose weights a style scales."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from gancore.component.precision import at_least_float32
from gancore.component.randomness import fixed_noise, normal
from gancore.nn.equalized import EqualizedLinear
from gancore.nn.upfirdn import Fir
from gancore_stylegan.stylegan2.clamping import clamped

GAIN = math.sqrt(2)
"""What keeps the variance through a leaky ReLU; it is moved through it, onto what is added up before."""


class StyledConv(nn.Module):
    """A modulated and demodulated convolution, noise, bias and leaky ReLU, then within ±`clamp`.

    Paper: Karras et al. 2019, arXiv:1912.04958, section 2.2 and fig. 2d: w' = s·w (eq. 1), w'' = w' / √(Σ w'²
    + ε) (eq. 3), one strength of the noise for a layer. Scaling inputs and outputs instead of weights is
    equal and keeps one convolution for all samples; Σ w'² is then s² times the sum of w² over the kernel, a
    small matrix product. Styles and demodulation are float32 also under autocast.

    `(N, inputs, H, W)` and a code `(N, W)` → `(N, outputs, H, W)`, where the given `size` is that of the
    output.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        code_width: int,
        size: tuple[int, int],
        noise: str = "random",
        clamp: float = 0.0,
    ) -> None:
        super().__init__()
        self.clamp = clamp
        self.style = EqualizedLinear(code_width, inputs, gain=1, start=1)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.noise = LayerNoise(size, noise)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """One map, or one for each code, and codes → one map for each code."""
        with torch.autocast(x.device.type, enabled=False):
            style = self.style(w)
            demodulation = GAIN * torch.rsqrt(style.square() @ self.weight.square().sum((2, 3)).t() + 1e-8)
        y = self.convolved(x * _places(style, x))
        y = torch.addcmul((GAIN * self.noise(y)).to(y.dtype), y, _places(demodulation, y))
        y = y.add_((GAIN * self.bias).to(y.dtype)[:, None, None])
        return clamped(functional.leaky_relu(y, 0.2, inplace=True), self.clamp)

    def convolved(self, x: Tensor) -> Tensor:
        """The convolution alone."""
        return functional.conv2d(x, self.weight, padding=1)


class StyledUpConv(StyledConv):
    """The same after doubling the size: a transposed convolution, then the filter [1, 3, 3, 1].

    `(N, inputs, H/2, W/2)` and a code `(N, W)` → `(N, outputs, H, W)`.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        code_width: int,
        size: tuple[int, int],
        noise: str = "random",
        clamp: float = 0.0,
    ) -> None:
        super().__init__(inputs, outputs, code_width, size, noise, clamp)
        # the transposed convolution holds a quarter of what doubling both sides needs
        self.smooth = Fir((size[0] + 1, size[1] + 1), padding=(1, 1))
        self.scale = 4.0

    def convolved(self, x: Tensor) -> Tensor:
        """Doubled and smoothed."""
        smooth: Tensor = self.smooth(
            functional.conv_transpose2d(x, self.weight.transpose(0, 1) * self.scale, stride=2)
        )
        return smooth


class ToRGB(nn.Module):
    """A modulated 1×1 convolution to colors, without demodulation (section 2.2), and a bias; the sum is
    float32.

    It is held within ±`clamp`.

    `(N, inputs, H, W)` and a code `(N, W)` → `(N, colors, H, W)`.
    """

    def __init__(self, inputs: int, colors: int, code_width: int, clamp: float = 0.0) -> None:
        super().__init__()
        self.clamp = clamp
        self.style = EqualizedLinear(code_width, inputs, gain=1, start=1)
        self.weight = nn.Parameter(torch.randn(colors, inputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(colors))
        self.scale = 1 / math.sqrt(inputs)

    def effective_weight(self) -> Tensor:
        """What w is multiplied by."""
        return self.style.effective_weight() * self.scale

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Colors, unbounded."""
        with torch.autocast(x.device.type, enabled=False):
            style = self.style(w) * self.scale
        colors = functional.conv2d(x * _places(style, x), self.weight)
        colors = at_least_float32(colors) + self.bias[:, None, None]
        return clamped(colors, self.clamp)


class LayerNoise(nn.Module):
    """One image of Gaussian noise for all channels times one learned strength, which starts at zero.

    In training it is drawn anew for each image. In eval mode `kind` says: `random`, `constant` (one that was
    drawn when the layer was made) or `none`.
    """

    constant: Tensor

    def __init__(self, size: tuple[int, int], kind: str = "random") -> None:
        super().__init__()
        self.kind = kind
        self.strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("constant", torch.randn(size))

    def forward(self, x: Tensor) -> Tensor:
        """The noise for maps `(N, C, H, W)`: `(N, 1, H, W)` or `(1, 1, H, W)`, in the dtype of the
        strength.
        """
        if self.training or self.kind == "random":
            noise = normal(len(x), 1, *x.shape[2:], like=self.strength)
        elif self.kind == "constant":
            noise = fixed_noise(len(x), self.constant[None, None])
        else:
            noise = torch.zeros_like(self.constant)[None, None]
        return noise.to(self.strength.dtype) * self.strength


def _places(numbers: Tensor, like: Tensor) -> Tensor:
    """Numbers `(N, C)` as a factor of maps."""
    return numbers.to(like.dtype)[:, :, None, None]
