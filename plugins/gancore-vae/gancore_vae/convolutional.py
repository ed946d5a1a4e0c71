"""Convolutional decoder and encoder, for any number of channels and sides that are multiples of 4."""

import math
from typing import ClassVar

import torch
from torch import Tensor, nn

from gancore.component.part import field, part
from gancore.component.validators import whole
from gancore.nn.initializers import he_weights
from gancore.nn.strided_decoder import StridedDecoder
from gancore.nn.strided_stack import WIDTH, downward, stack_plan
from gancore_vae.networks import GaussianEncoder


@part("convolutional-decoder")
class ConvolutionalDecoder(StridedDecoder):
    """A linear layer, transposed convolutions (4×4, stride 2) up to the image's size, and a 3×3 convolution.

    Not from one paper: see `gancore.nn.strided_stack`.

    Code `(N, latent)` → image `(N, C, H, W)` in [-1, 1].

    Raises:
        FitError: a side of the image is not a multiple of 4.
    """

    examples = ({"width": 4, "latent": 4},)


@part("convolutional-encoder")
class ConvolutionalEncoder(GaussianEncoder):
    """The decoder's mirror image: convolutions (4×4, stride 2), then a linear layer to mean and log-variance.

    Image `(N, C, H, W)` → posterior over `(N, *latent)`.

    Raises:
        FitError: a side of the image is not a multiple of 4.
    """

    examples = ({"width": 4},)
    memory_format: ClassVar[torch.memory_format] = torch.channels_last

    width: int = field(default=32, validator=whole(1), help=WIDTH)

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
