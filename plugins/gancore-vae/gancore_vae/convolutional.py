"""Convolutional decoder and encoder, for any number of channels and sides that are multiples of 4."""

import math
from typing import ClassVar

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Shape
from gancore.component.part import field, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import whole
from gancore.nn.initializers import he_weights
from gancore.nn.strided_stack import downward, stack_plan, upward
from gancore_vae.networks import Decoder, GaussianEncoder

_WIDTH = "channels at half the image's size; they double with each further halving, up to 8 × this"


@part("convolutional-decoder")
class ConvolutionalDecoder(Decoder):
    """A linear layer, transposed convolutions (4×4, stride 2) up to the image's size, and a 3×3 convolution.

    Not from one paper: see `gancore.nn.strided_stack`.

    Code `(N, latent)` → image `(N, C, H, W)` in [-1, 1].

    Raises:
        FitError: a side of the image is not a multiple of 4.
    """

    examples = ({"width": 4, "latent": 4},)
    memory_format: ClassVar[torch.memory_format] = torch.channels_last

    latent: int = field(default=64, validator=whole(1), help="length of the code")
    width: int = field(default=32, validator=whole(1), help=_WIDTH)

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
        self.linear = nn.Linear(self.latent, math.prod(self.small))
        self.network = upward(widths, self.image[0])
        he_weights(self.network)

    def logits(self, code: Tensor) -> Tensor:
        """`(N, latent)` → `(N, C, H, W)`."""
        x = self.linear(code).reshape(-1, *self.small)  # (N, channels, h, w)
        return at_least_float32(self.network(x))  # (N, C, H, W)


@part("convolutional-encoder")
class ConvolutionalEncoder(GaussianEncoder):
    """The decoder's mirror image: convolutions (4×4, stride 2), then a linear layer to mean and log-variance.

    Image `(N, C, H, W)` → posterior over `(N, *latent)`.

    Raises:
        FitError: a side of the image is not a multiple of 4.
    """

    examples = ({"width": 4},)
    memory_format: ClassVar[torch.memory_format] = torch.channels_last

    width: int = field(default=32, validator=whole(1), help=_WIDTH)

    def build(self) -> None:
        """Makes the convolutions and the linear layer."""
        widths, small = stack_plan(self.image, self.width, self.qualified_name)
        self.network = downward(self.image[0], widths)
        he_weights(self.network)
        self.linear = nn.Linear(math.prod(small), 2 * math.prod(self.latent))

    def moments(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """`(N, C, H, W)` → mean and log-variance `(N, d)`."""
        features = self.network(image).flatten(1)  # (N, channels·h·w)
        mean, log_variance = self.linear(features).chunk(2, 1)  # (N, 2d) → (N, d), (N, d)
        return mean, log_variance
