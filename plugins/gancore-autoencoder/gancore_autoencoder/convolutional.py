"""Convolutional encoder and decoders, for any number of channels and sides that are multiples of 4."""

import math
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Encoder, Shape
from gancore.component.part import fact, field, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import one_of, whole
from gancore.nn.convolution import Conv2d
from gancore.nn.initializers import he_weights
from gancore.nn.spectral_norm import SpectralConv2d, SpectralConvTranspose2d, SpectralLinear
from gancore.nn.strided_decoder import StridedDecoder
from gancore.nn.strided_stack import WIDTH, downward, stack_plan
from gancore_autoencoder.activations import ACTIVATION, CODE_ACTIVATIONS, activated


@part("autoencoder")
class AutoencoderEncoder(Encoder):
    """Convolutions (4×4, stride 2), then a linear layer to the code.

    Not from one paper: see `gancore.nn.strided_stack`. Image `(N, C, H, W)` → code `(N, *latent)` float32.

    Raises:
        FitError: a side of the image is not a multiple of 4.
    """

    examples = ({"width": 4}, {"width": 4, "activation": "sigmoid"})
    memory_format: ClassVar[torch.memory_format] = torch.channels_last

    width: int = field(default=32, validator=whole(1), help=WIDTH)
    activation: str = field(default="linear", validator=one_of(*CODE_ACTIVATIONS), help=ACTIVATION)
    latent: Shape = fact(default=None, help="shape of one code, given by the generator")

    def build(self) -> None:
        """Makes the convolutions and the linear layer."""
        widths, small = stack_plan(self.image, self.width, self.qualified_name)
        self.network = downward(self.image[0], widths, Conv2d)
        he_weights(self.network)
        self.linear = nn.Linear(math.prod(small), math.prod(self.latent))

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, C, H, W)` → `(N, *latent)`."""
        features = self.network(image).flatten(1)  # (N, channels·h·w)
        code = at_least_float32(self.linear(features))  # (N, d)
        return activated(self.activation, code).reshape(-1, *self.latent)


@part("autoencoder")
class AutoencoderGenerator(StridedDecoder):
    """The encoder's mirror image: a linear layer, transposed convolutions (4×4, stride 2) up to the image's
    size, and a 3×3 convolution.

    Not from one paper: see `gancore.nn.strided_stack`. Code `(N, latent)` → image `(N, C, H, W)` in [-1, 1].

    Raises:
        FitError: a side of the image is not a multiple of 4.
    """

    examples = ({"width": 4, "latent": 4},)
    convolution_layer: ClassVar[Any] = Conv2d


@part("autoencoder-spectral")
class SpectralGenerator(AutoencoderGenerator):
    """The decoder with spectral normalization in all layers, so that its Lipschitz constant is bounded.

    Paper: Ghosh et al. 2019 (RAE-SN), arXiv:1903.12436, with the layers of Miyato et al. 2018,
    arXiv:1802.05957.
    """

    linear_layer: ClassVar[Any] = SpectralLinear
    transposed_layer: ClassVar[Any] = SpectralConvTranspose2d
    convolution_layer: ClassVar[Any] = SpectralConv2d
