"""Residual networks with the options that SNGAN, SAGAN and WGAN-GP have in common; each family names its own.

They are no parts by themselves: a family's class says by `spectral` whether layers are spectrally normalized,
and by `attends` at which size maps attend to each other.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Discriminator, Generator, Shape
from gancore.component.part import fact, field, interface
from gancore.component.precision import at_least_float32
from gancore.component.validators import as_tuple, sizes, whole
from gancore.nn.conditional_norm import ClassVectors, ConditionalBatchNorm2d
from gancore.nn.convolution import Conv2d
from gancore.nn.initializers import xavier_weights
from gancore.nn.labels import check_classes, given_label
from gancore.nn.projection import ProjectionHead
from gancore.nn.resnet import Pooling, ResNetDown, ResNetUp, Upsampling, down_plan, up_widths
from gancore.nn.spectral_norm import SpectralConv2d, SpectralEmbedding, SpectralLinear

__all__ = [
    "LabeledResNetGenerator",
    "ProjectionResNetDiscriminator",
    "ResNetDiscriminator",
    "ResNetGenerator",
]


@interface("generator")
class ResNetGenerator(Generator):
    """A latent becomes a small map, which residual blocks double up to the image; see `gancore.nn.ResNetUp`.

    `(N, latent_size)` → `(N, C, H, W)` float32 in (-1, 1).

    Raises:
        FactError: the sides are not those of a map with a shorter side of 4 to 7, times a power of two, or
        `widths` are not one for each of its maps.
    """

    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    spectral: ClassVar[bool] = False
    small: ClassVar[int] = 256
    """Channels of all maps of images up to 32 pixels, where `widths` says nothing."""
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

    @property
    def attends(self) -> int:
        """The shorter side of the maps that attend; 0 for none."""
        return 0

    def code_weights(self) -> list[Tensor]:
        """The projection to the smallest map."""
        return [self.layers.start.get_parameter("weight")]

    def last_layer(self) -> Tensor:
        """The convolution to colors."""
        return self.layers.to_image.get_parameter("weight")

    def norm(self) -> Callable[[int], nn.Module]:
        """Makes the normalization in the blocks."""
        return nn.BatchNorm2d

    def build(self) -> None:
        """Makes the layers."""
        widths = self.widths or up_widths(self.image, self.qualified_name, self.small)
        layers: dict[str, Any] = {"conv": SpectralConv2d, "linear": SpectralLinear} if self.spectral else {}
        self.layers = ResNetUp(
            self.latent_size,
            self.image,
            widths,
            self.qualified_name,
            norm=self.norm(),
            upsampling=self.upsampling,
            attention=self.attends,
            **layers,
        )

    def forward(self, code: Tensor) -> Tensor:
        """`(N, latent_size)` → `(N, C, H, W)` float32 in (-1, 1)."""
        return at_least_float32(self.layers(code))


@interface("generator")
class LabeledResNetGenerator(ResNetGenerator):
    """A residual generator with a scale and a bias for each class in the batch normalization of its blocks.

    The code is the latent and the label as conditioner/one-hot joins them; a mixture of classes gives the
    mixture of their scales and biases. `(N, latent_size + K)` → `(N, C, H, W)` float32 in (-1, 1).

    Raises:
        FactError: the data have no labels; else like `ResNetGenerator`.
    """

    unlabeled: ClassVar[str]
    """The part to use without labels."""
    classes: int = fact(help="number of classes K, given by the data")

    @property
    def code_shape(self) -> Shape:
        """The latent, and one number for each class."""
        return (self.latent_size + self.classes,)

    def code_weights(self) -> list[Tensor]:
        """The projection to the smallest map, which reads the latent alone."""
        weight = super().code_weights()[0]
        return [torch.cat([weight, weight.new_zeros(len(weight), self.classes)], dim=1)]

    def norm(self) -> Callable[[int], nn.Module]:
        """Batch normalization by class."""
        return partial(ConditionalBatchNorm2d, affine=partial(ClassVectors, self.classes))

    def build(self) -> None:
        """Makes the layers."""
        check_classes(self, self.unlabeled)
        super().build()

    def forward(self, code: Tensor) -> Tensor:
        """`(N, latent_size + K)` → `(N, C, H, W)` float32 in (-1, 1)."""
        latent, label = code[:, : self.latent_size], code[:, self.latent_size :]  # (N, latent_size), (N, K)
        return at_least_float32(self.layers(latent, label))


@interface("discriminator")
class ResNetDiscriminator(Discriminator):
    """Residual blocks halve the image; the last maps are pooled and scored; see `gancore.nn.ResNetDown`.

    `(N, C, H, W)` → `(N,)` float32.

    Raises:
        FactError: the sides cannot be halved as often.
    """

    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    spectral: ClassVar[bool] = True
    widths: tuple[int, ...] = field(
        default=(),
        converter=as_tuple,
        validator=sizes(none=True),
        help="channels after each block, from the image on; (): as published for the size of the images",
    )
    halvings: int = field(
        default=0,
        validator=whole(0),
        help="how many of the first blocks halve the map; 0: as published for the size of the images",
    )
    activated_shortcut: bool = field(
        default=False, help="whether shortcuts take the activated input, as torch-mimicry's do"
    )

    @property
    def attends(self) -> int:
        """The shorter side of the maps that attend; 0 for none."""
        return 0

    @property
    def pools(self) -> Pooling:
        """How the last maps become features."""
        return "sum"

    @property
    def features(self) -> int:
        """The length of an image's features."""
        return (self.widths or down_plan(self.image, self.qualified_name)[0])[-1]

    def make_layers(self) -> None:
        """Makes the blocks."""
        widths, count = down_plan(self.image, self.qualified_name)
        self.layers = ResNetDown(
            self.image,
            self.widths or widths,
            self.halvings or count,
            self.qualified_name,
            conv=SpectralConv2d if self.spectral else Conv2d,
            pooling=self.pools,
            activated_shortcut=self.activated_shortcut,
            attention=self.attends,
        )

    def build(self) -> None:
        """Makes the blocks and the score."""
        self.make_layers()
        self.score: nn.Module = (SpectralLinear if self.spectral else nn.Linear)(self.features, 1)
        xavier_weights(self.score)

    def forward_features(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → `(N, features)`, the last maps pooled over all places."""
        features: Tensor = self.layers(image)
        return features

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, features)` → `(N,)`."""
        scores: Tensor = self.score(features)  # (N, 1)
        return scores[:, 0]


@interface("discriminator")
class ProjectionResNetDiscriminator(ResNetDiscriminator):
    """A residual discriminator with the label projected onto its features: f(x, y) = yᵀV φ(x) + ψ(φ(x)).

    `(N, C, H, W)` and labels `(N,)` int64 or `(N, K)` float → `(N,)` float32.

    Raises:
        FactError: the data have no labels, or the sides cannot be halved as often.
        FitError: no label was given, or a row is not of length K.
    """

    conditional: ClassVar[bool] = True
    unlabeled: ClassVar[str]
    """The part to use without labels."""
    classes: int = fact(help="number of classes K, given by the data")

    def build(self) -> None:
        """Makes the blocks, and the projection."""
        check_classes(self, self.unlabeled)
        self.make_layers()
        self.head = ProjectionHead(
            self.features, self.classes, linear=SpectralLinear, embedding=SpectralEmbedding
        )
        xavier_weights(self.head)

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, features)` and labels → `(N,)`."""
        scores: Tensor = self.head(features, given_label(self, label, self.unlabeled))
        return scores
