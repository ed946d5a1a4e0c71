"""Adaptive instance normalization."""

import torch
from torch import Tensor, nn

from gancore.component.precision import at_least_float32
from gancore.nn.equalized import EqualizedLinear

__all__ = ["AdaIN", "instance_normalized"]


class AdaIN(nn.Module):
    """Normalizes each feature map and gives it the scale and bias of a style, y = (y_s, y_b), an affine map
    of the code w.

    Paper: Karras et al. 2018 (StyleGAN), arXiv:1812.04948, eq. 1 (after Huang & Belongie 2017,
    arXiv:1703.06868); biases start at one for y_s and at zero for y_b, as in appendix C.

    `(N, C, H, W)` and `(N, W)` → `(N, C, H, W)`.
    """

    def __init__(self, channels: int, code_width: int, eps: float = 1e-8) -> None:
        super().__init__()
        self.style = EqualizedLinear(code_width, 2 * channels, gain=1)
        self.eps = eps
        with torch.no_grad():
            self.style.bias[:channels] = 1

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Equation 1."""
        scale, bias = self.style(w).chunk(2, dim=1)
        return instance_normalized(x, scale, bias, self.eps)


def instance_normalized(x: Tensor, scale: Tensor, bias: Tensor, eps: float = 1e-8) -> Tensor:
    """Each feature map of `(N, C, H, W)` with mean 0 and variance 1, times scale, plus bias, both `(N, C)`.

    The sums over positions are products with a row of ones on a channels_last view, which on a CPU are two to
    three times faster than reductions, forward and backward. Centering first keeps bfloat16 accurate if a
    mean is large. Autocast is disabled: it would round the means of a float32 map, and StyleGAN's constant,
    which starts at one everywhere, long varies between positions by less than that.
    """
    n, c, h, w = x.shape
    with torch.autocast(x.device.type, enabled=False):
        pixels = x.permute(0, 2, 3, 1).reshape(n, h * w, c)
        # ones, and the division after: the sum over a constant map is then exact, and the map becomes exactly
        # zero
        ones = pixels.new_ones(1, 1, 1).expand(n, 1, h * w)
        centered = pixels - torch.bmm(ones, pixels) / (h * w)
        variance = torch.bmm(ones, centered * centered) / (h * w)
    factor = at_least_float32(scale.reshape(n, 1, c)) * torch.rsqrt(at_least_float32(variance) + eps)
    normalized = torch.addcmul(bias.reshape(n, 1, c).to(x.dtype), centered.to(x.dtype), factor.to(x.dtype))
    return normalized.reshape(n, h, w, c).permute(0, 3, 1, 2)
