"""Residual discriminators with spectral normalization, without and with projection."""

from typing import ClassVar

import torch
from torch import Tensor

from gancore import Discriminator, fact, field, part
from gancore.component.part import interface
from gancore.component.validators import as_tuple, sizes, whole
from gancore.nn.initializers import xavier_weights
from gancore.nn.labels import check_classes, given_label
from gancore.nn.projection import ProjectionHead
from gancore.nn.resnet import ResNetDown, down_plan
from gancore.nn.spectral_norm import SpectralConv2d, SpectralEmbedding, SpectralLinear


@interface("discriminator")
class ResNetDiscriminator(Discriminator):
    """What both discriminators share: the options, and the layers before the score."""

    memory_format: ClassVar[torch.memory_format] = torch.channels_last
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

    def build(self) -> None:
        """Makes the blocks."""
        widths, count = down_plan(self.image, self.qualified_name)
        self.layers = ResNetDown(
            self.image,
            self.widths or widths,
            self.halvings or count,
            self.qualified_name,
            conv=SpectralConv2d,
            activated_shortcut=self.activated_shortcut,
        )

    @property
    def features(self) -> int:
        """The length of an image's features."""
        return (self.widths or down_plan(self.image, self.qualified_name)[0])[-1]

    def forward_features(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → `(N, features)`, the last maps summed over all places."""
        features: Tensor = self.layers(image)
        return features


@part("sngan")
class SNGANDiscriminator(ResNetDiscriminator):
    """Residual blocks halve the image; the last maps are summed and scored; all layers are spectrally
    normalized.

    Paper: Miyato et al. 2018, arXiv:1802.05957, tables 3 to 5 (ResNet). Up to 32 pixels 4 blocks of 128
    channels, of which 2 halve; larger images have blocks of 64 to 1024 channels down to a map of 3 to 7, and
    one more; at 64 pixels, which the paper does not have, 5 blocks that all halve, as in torch-mimicry.
    Initial weights as in generator/sngan. The power iteration is that of `gancore.nn.spectral_norm`.

    `(N, C, H, W)` → `(N,)` float32.

    Raises:
        FactError: the sides cannot be halved as often.
    """

    examples = ({"widths": (4, 4, 6), "halvings": 2},)

    def build(self) -> None:
        """Makes the blocks and the score."""
        super().build()
        self.score = SpectralLinear(self.features, 1)
        xavier_weights(self.score)

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, features)` → `(N,)`."""
        scores: Tensor = self.score(features)  # (N, 1)
        return scores[:, 0]


@part("sngan-labels")
class ProjectionSNGANDiscriminator(ResNetDiscriminator):
    """The same with the label projected onto the features: f(x, y) = yᵀV φ(x) + ψ(φ(x)).

    Paper: Miyato & Koyama 2018, arXiv:1802.05637, section 3 and fig. 1d; V and ψ are spectrally normalized,
    as in its experiments. A label may be a class or a row of K numbers. Otherwise like discriminator/sngan.

    `(N, C, H, W)` and labels `(N,)` int64 or `(N, K)` float → `(N,)` float32.

    Raises:
        FactError: the data have no labels, or the sides cannot be halved as often.
        FitError: no label was given, or a row is not of length K.
    """

    examples = ({"widths": (4, 4, 6), "halvings": 2, "classes": 3},)
    conditional: ClassVar[bool] = True
    classes: int = fact(help="number of classes K, given by the data")

    def build(self) -> None:
        """Makes the blocks, and the projection."""
        check_classes(self, "discriminator/sngan")
        super().build()
        self.head = ProjectionHead(
            self.features, self.classes, linear=SpectralLinear, embedding=SpectralEmbedding
        )
        xavier_weights(self.head)

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, features)` and labels → `(N,)`."""
        scores: Tensor = self.head(features, given_label(self, label, "discriminator/sngan"))
        return scores
