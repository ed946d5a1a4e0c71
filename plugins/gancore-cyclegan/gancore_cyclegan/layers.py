"""What both networks share: instance normalization and the initial weights."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class InstanceNorm(nn.Module):
    """Normalizes each channel of each image to mean 0 and variance 1, without a learned scale.

    Paper: Ulyanov et al. 2016, arXiv:1607.08022.
    """

    def forward(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → the same shape."""
        # the same numbers as torch's instance_norm, whose CPU kernel takes twice as long
        return functional.layer_norm(image, image.shape[2:])


@torch.no_grad()
def initialize(network: nn.Module) -> None:
    """Weights from N(0, 0.02), as in Zhu et al. 2017, arXiv:1703.10593, appendix 7.1; biases 0, as in its
    published code.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, 0.0, 0.02)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
