"""Equalized layers with a leaky ReLU whose gain of √2 also scales the bias, as in StyleGAN2."""

from torch import Tensor, nn

from gancore.nn.convolution import conv2d
from gancore.nn.equalized import EqualizedConv2d, EqualizedLinear
from gancore.nn.rectifier import leaky_relu
from gancore.nn.upfirdn import Fir
from gancore_stylegan.stylegan2.clamping import clamped
from gancore_stylegan.stylegan2.modulated import GAIN


class ActivatedConv2d(EqualizedConv2d):
    """A convolution, a leaky ReLU and a clamp, `(N, inputs, H, W)` → `(N, outputs, H, W)`."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, *, clamp: float = 0.0) -> None:
        super().__init__(inputs, outputs, kernel)
        self.clamp = clamp

    def effective_bias(self) -> Tensor | None:
        """The bias times the gain, which commutes with the leaky ReLU."""
        return None if self.bias is None else self.bias * (GAIN * self.lr_multiplier)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs, H, W)` → `(N, outputs, H, W)`."""
        return clamped(leaky_relu(super().forward(x), 0.2, inplace=True), self.clamp)


class ActivatedDownConv2d(ActivatedConv2d):
    """The filter [1, 3, 3, 1], a stride-2 convolution, a leaky ReLU and a clamp.

    `(N, inputs, H, W)` → `(N, outputs, H/2, W/2)`.
    """

    def __init__(self, inputs: int, outputs: int, size: tuple[int, int], *, clamp: float = 0.0) -> None:
        super().__init__(inputs, outputs, clamp=clamp)
        self.smooth = Fir(size, padding=(2, 2))

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs, H, W)` → `(N, outputs, H/2, W/2)`."""
        x = self.smooth(x)  # (N, inputs, H + 1, W + 1)
        y = conv2d(x, self.weight * self.scale, self.effective_bias(), stride=2)
        return clamped(leaky_relu(y, 0.2, inplace=True), self.clamp)


class ActivatedLinear(EqualizedLinear):
    """A linear layer and a leaky ReLU, `(N, inputs)` → `(N, outputs)`."""

    def forward(self, x: Tensor, bias_gain: float | Tensor = GAIN) -> Tensor:
        """`(N, inputs)` → `(N, outputs)`."""
        return leaky_relu(super().forward(x, bias_gain), 0.2, inplace=True)


class DownShortcut(nn.Module):
    """Downsampling with the filter [1, 3, 3, 1], then a 1×1 convolution.

    `(N, inputs, H, W)` → `(N, outputs, H/2, W/2)`.
    """

    def __init__(self, inputs: int, outputs: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.halve = Fir(size, down=2, padding=(1, 1))
        self.conv = EqualizedConv2d(inputs, outputs, 1, gain=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs, H, W)` → `(N, outputs, H/2, W/2)`."""
        shortcut: Tensor = self.conv(self.halve(x))
        return shortcut
