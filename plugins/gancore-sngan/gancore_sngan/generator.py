"""Residual generators, without and with class-conditional batch normalization."""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor, nn

from gancore import Generator, fact, field, part
from gancore.component.interfaces import Shape
from gancore.component.part import interface
from gancore.component.precision import at_least_float32
from gancore.component.validators import as_tuple, sizes, whole
from gancore.nn.conditional_norm import ClassVectors, ConditionalBatchNorm2d
from gancore.nn.labels import check_classes
from gancore.nn.resnet import ResNetUp, Upsampling, up_widths


@interface("generator")
class ResNetGenerator(Generator):
    """What both generators share: the options, and the layers after the latent."""

    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    latent_size: int = field(default=128, validator=whole(1), help="dimension of the latent")
    widths: tuple[int, ...] = field(
        default=(),
        converter=as_tuple,
        validator=sizes(none=True),
        help="channels of the maps, from the smallest on; (): as published for the size of the images",
    )
    upsampling: Upsampling = field(default="nearest", help="what doubles a map")

    @property
    def code_shape(self) -> Shape:
        """A flat code."""
        return (self.latent_size,)

    def code_weights(self) -> list[Tensor]:
        """The projection to the smallest map."""
        return [self.layers.start.get_parameter("weight")]

    def last_layer(self) -> Tensor:
        """The convolution to colors."""
        return self.layers.to_image.get_parameter("weight")

    def make_layers(self, norm: Callable[[int], nn.Module]) -> None:
        """Makes the layers, with this normalization in the blocks."""
        widths = self.widths or up_widths(self.image, self.qualified_name)
        self.layers = ResNetUp(
            self.latent_size,
            self.image,
            widths,
            self.qualified_name,
            norm=norm,
            upsampling=self.upsampling,
        )


@part("sngan", tags=["batch"])
class SNGANGenerator(ResNetGenerator):
    """A latent becomes a small map, which residual blocks with batch normalization double up to the image.

    Paper: Miyato et al. 2018, arXiv:1802.05957, tables 3 to 5 (ResNet): a linear layer, one block for each
    doubling, batch normalization, ReLU, a 3×3 convolution, tanh. Up to 32 pixels all maps have 256 channels;
    larger images have 64 next to the image, doubled with each halving up to 1024. Initial weights are uniform
    (Glorot & Bengio 2010), with gain √2 in the blocks, as in the released code. `upsampling = "bilinear"`
    is that of torch-mimicry, whose other layers are the same.

    `(N, latent_size)` → `(N, C, H, W)` float32 in (-1, 1).

    Raises:
        FactError: the sides are not those of a map with a shorter side of 4 to 7, times a power of two, or
        `widths` are not one for each of its maps.
    """

    examples = ({"latent_size": 6, "widths": (4, 4, 4)},)

    def build(self) -> None:
        """Makes the layers."""
        self.make_layers(nn.BatchNorm2d)

    def forward(self, code: Tensor) -> Tensor:
        """`(N, latent_size)` → `(N, C, H, W)` float32 in (-1, 1)."""
        return at_least_float32(self.layers(code))


@part("sngan-labels", tags=["batch"])
class LabeledSNGANGenerator(ResNetGenerator):
    """The same with a scale and a bias for each class in the batch normalization of the blocks.

    Paper: Miyato & Koyama 2018 (cGANs with projection discriminator), arXiv:1802.05637, section 5 and
    appendix A. The code is the latent and the label as conditioner/one-hot joins them; a mixture of classes
    gives the mixture of their scales and biases. Otherwise like generator/sngan.

    `(N, latent_size + K)` → `(N, C, H, W)` float32 in (-1, 1).

    Raises:
        FactError: the data have no labels; else like generator/sngan.
    """

    examples = ({"latent_size": 6, "widths": (4, 4, 4), "classes": 3},)
    classes: int = fact(help="number of classes K, given by the data")

    @property
    def code_shape(self) -> Shape:
        """The latent, and one number for each class."""
        return (self.latent_size + self.classes,)

    def code_weights(self) -> list[Tensor]:
        """The projection to the smallest map, which reads the latent alone."""
        weight = super().code_weights()[0]
        return [torch.cat([weight, weight.new_zeros(len(weight), self.classes)], dim=1)]

    def build(self) -> None:
        """Makes the layers."""
        check_classes(self, "generator/sngan")
        vectors = partial(ClassVectors, self.classes)
        self.make_layers(partial(ConditionalBatchNorm2d, affine=vectors))

    def forward(self, code: Tensor) -> Tensor:
        """`(N, latent_size + K)` → `(N, C, H, W)` float32 in (-1, 1)."""
        latent, label = code[:, : self.latent_size], code[:, self.latent_size :]  # (N, latent_size), (N, K)
        return at_least_float32(self.layers(latent, label))
