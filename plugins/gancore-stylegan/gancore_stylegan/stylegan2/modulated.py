"""Layers of StyleGAN2's synthesis network: modulated convolutions."""

import math

import torch
from torch import Tensor, nn

from gancore.component.precision import at_least_float32
from gancore.component.randomness import fixed_noise, normal
from gancore.nn.convolution import conv2d, conv_transpose2d
from gancore.nn.equalized import EqualizedLinear
from gancore.nn.rectifier import leaky_relu
from gancore.nn.upfirdn import Fir
from gancore_stylegan.stylegan2.clamping import clamped

GAIN = math.sqrt(2)
"""Preserves the variance through a leaky ReLU; applied to the terms before it, with which it commutes."""


class StyledConv(nn.Module):
    """A modulated and demodulated convolution, noise, bias, leaky ReLU, and a clamp to ±`clamp`.

    Paper: Karras et al. 2019, arXiv:1912.04958, section 2.2 and fig. 2d: w' = s·w (eq. 1),
    w'' = w' / √(Σ w'² + ε) (eq. 3), one noise strength per layer. Scaling inputs and outputs instead of
    weights is equivalent and needs only one convolution for all samples; Σ w'² is then s² times the sum of w²
    over the kernel, a small matrix product. Styles and demodulation are float32 even under autocast.

    `(N, inputs, H, W)` and a code `(N, W)` → `(N, outputs, H, W)`; `size` is that of the output.
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
        """`(N, inputs, H, W)`, or `(1, …)` for all codes, and codes `(N, W)` → `(N, outputs, H, W)`."""
        with torch.autocast(x.device.type, enabled=False):
            style = self.style(w)  # (N, inputs)
            squares = style.square() @ self.weight.square().sum((2, 3)).t()  # Σ w'², (N, outputs)
            demodulation = GAIN * torch.rsqrt(squares + 1e-8)  # eq. 3, (N, outputs)
        y = self.convolved(x * _per_map(style, x))  # eq. 1, (N, outputs, H, W)
        y = torch.addcmul((GAIN * self.noise(y)).to(y.dtype), y, _per_map(demodulation, y))
        y = y.add_((GAIN * self.bias).to(y.dtype)[:, None, None])
        return clamped(leaky_relu(y, 0.2, inplace=True), self.clamp)

    def convolved(self, x: Tensor) -> Tensor:
        """The convolution alone, `(N, inputs, H, W)` → `(N, outputs, H, W)`."""
        return conv2d(x, self.weight, padding=1)


class StyledUpConv(StyledConv):
    """`StyledConv` that doubles the size: a transposed convolution, then the filter [1, 3, 3, 1].

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
        # a stride of 2 along both sides spreads each input over four times the area
        self.smooth = Fir((size[0] + 1, size[1] + 1), padding=(1, 1))
        self.scale = 4.0

    def convolved(self, x: Tensor) -> Tensor:
        """The convolution and the filter, `(N, inputs, H/2, W/2)` → `(N, outputs, H, W)`."""
        y = conv_transpose2d(x, self.weight.transpose(0, 1) * self.scale, stride=2)
        smooth: Tensor = self.smooth(y)  # (N, outputs, H + 1, W + 1) → (N, outputs, H, W)
        return smooth


class ToRGB(nn.Module):
    """A modulated 1×1 convolution to colors, without demodulation (section 2.2), a bias and a clamp.

    `(N, inputs, H, W)` and a code `(N, W)` → `(N, colors, H, W)` float32, unbounded unless clamped.
    """

    def __init__(self, inputs: int, colors: int, code_width: int, clamp: float = 0.0) -> None:
        super().__init__()
        self.clamp = clamp
        self.style = EqualizedLinear(code_width, inputs, gain=1, start=1)
        self.weight = nn.Parameter(torch.randn(colors, inputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(colors))
        self.scale = 1 / math.sqrt(inputs)

    def effective_weight(self) -> Tensor:
        """The matrix that maps w to styles."""
        return self.style.effective_weight() * self.scale

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """`(N, inputs, H, W)` and a code `(N, W)` → `(N, colors, H, W)`."""
        with torch.autocast(x.device.type, enabled=False):
            style = self.style(w) * self.scale  # (N, inputs)
        colors = conv2d(x * _per_map(style, x), self.weight)  # eq. 1, (N, colors, H, W)
        colors = at_least_float32(colors) + self.bias[:, None, None]
        return clamped(colors, self.clamp)


class LayerNoise(nn.Module):
    """Gaussian noise, the same for all channels, times one learned strength that starts at zero.

    In training, each image gets new noise. In eval mode `kind` decides: `random` (new noise), `constant`
    (drawn once, when the layer is made) or `none`.
    """

    constant: Tensor

    def __init__(self, size: tuple[int, int], kind: str = "random") -> None:
        super().__init__()
        self.kind = kind
        self.strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("constant", torch.randn(size))

    def forward(self, x: Tensor) -> Tensor:
        """Noise for maps `(N, C, H, W)`: `(N, 1, H, W)` or `(1, 1, H, W)`, in the dtype of the strength."""
        if self.training or self.kind == "random":
            noise = normal(len(x), 1, *x.shape[2:], like=self.strength)
        elif self.kind == "constant":
            noise = fixed_noise(len(x), self.constant[None, None])
        else:
            noise = torch.zeros_like(self.constant)[None, None]
        return noise.to(self.strength.dtype) * self.strength


def _per_map(factor: Tensor, like: Tensor) -> Tensor:
    """`(N, C)` → `(N, C, 1, 1)`, to multiply maps `(N, C, H, W)`, in their dtype."""
    return factor.to(like.dtype)[:, :, None, None]
