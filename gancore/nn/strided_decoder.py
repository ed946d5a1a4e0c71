"""A decoder of strided transposed convolutions."""

import math
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Shape
from gancore.component.part import field, interface
from gancore.component.precision import at_least_float32
from gancore.component.validators import whole
from gancore.nn.initializers import he_weights
from gancore.nn.logit_decoder import LogitDecoder
from gancore.nn.strided_stack import WIDTH, stack_plan, upward

__all__ = ["StridedDecoder"]


@interface("generator")
class StridedDecoder(LogitDecoder):
    """A linear layer, transposed convolutions (4×4, stride 2) up to the image's size, and a 3×3 convolution:
    see `gancore.nn.strided_stack`. A subclass may choose other layers of each kind.

    Code `(N, latent)` → image `(N, C, H, W)` in [-1, 1].

    Raises:
        FitError: a side of the image is not a multiple of 4.
    """

    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    linear_layer: ClassVar[Any] = nn.Linear
    transposed_layer: ClassVar[Any] = nn.ConvTranspose2d
    convolution_layer: ClassVar[Any] = nn.Conv2d

    latent: int = field(default=64, validator=whole(1), help="length of the code")
    width: int = field(default=32, validator=whole(1), help=WIDTH)

    @property
    def code_shape(self) -> Shape:
        """`(latent,)`."""
        return (self.latent,)

    def code_weights(self) -> list[Tensor]:
        """The linear layer."""
        return [self.linear.weight]

    def last_layer(self) -> Tensor:
        """The last convolution."""
        return self.network.get_submodule(str(len(self.network) - 1)).get_parameter("weight")

    def build(self) -> None:
        """Makes the linear layer and the convolutions."""
        widths, self.small = stack_plan(self.image, self.width, self.qualified_name)
        self.linear = self.linear_layer(self.latent, math.prod(self.small))
        self.network = upward(widths, self.image[0], self.transposed_layer, self.convolution_layer)
        he_weights(self.network)

    def logits(self, code: Tensor) -> Tensor:
        """`(N, latent)` → `(N, C, H, W)`."""
        x = self.linear(code).reshape(-1, *self.small)  # (N, channels, h, w)
        return at_least_float32(self.network(x))  # (N, C, H, W)
