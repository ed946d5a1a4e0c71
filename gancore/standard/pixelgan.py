"""The discriminator of single pixels, with instance or batch normalization."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import nn

from gancore.component.part import field, interface, part
from gancore.component.validators import whole
from gancore.nn.initializers import normal_weights
from gancore.nn.instance_norm import InstanceNorm
from gancore.standard.patchgan import PatchScores

__all__ = ["BatchPixelGAN", "PixelGAN", "PixelScores"]


@interface("discriminator")
class PixelScores(PatchScores):
    """Convolutions of 1×1; a subclass says how they are normalized."""

    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({"width": 4},)
    biased: ClassVar[bool]
    """Whether convolutions beside a normalization have a bias."""

    width: int = field(
        default=64, validator=whole(1), help="channels after the first convolution; they double once"
    )

    @abstractmethod
    def norm(self, width: int) -> nn.Module:
        """A normalization of maps with so many channels."""

    def build(self) -> None:
        """Makes the layers."""
        narrow, wide = self.width, self.width * 2
        self.body = nn.Sequential(
            nn.Conv2d(self.image[0], narrow, 1),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(narrow, wide, 1, bias=self.biased),
            self.norm(wide),
            nn.LeakyReLU(0.2, inplace=True),
        )
        self.head = nn.Conv2d(wide, 1, 1, bias=self.biased)
        normal_weights(self)


@part("pixelgan")
class PixelGAN(PixelScores):
    """Judges each pixel by itself, so colors but no shapes; one score for each pixel.

    Paper: Isola et al. 2016 (Pix2Pix), arXiv:1611.07004, sections 4.4 and 6.1.2, the 1×1 discriminator:
    C64-C128 with convolutions of 1×1, leaky ReLU of slope 0.2, and a convolution to one channel. Here with
    instance normalization, except after the first layer. Weights start from N(0, 0.02).

    `(N, C, H, W)` in [-1, 1] → scores `(N, 1, H, W)` float32; labels are ignored.
    """

    biased: ClassVar[bool] = True

    def norm(self, width: int) -> nn.Module:
        """Instance normalization."""
        return InstanceNorm()


@part("pixelgan-batch", tags=["batch"])
class BatchPixelGAN(PixelScores):
    """The discriminator of single pixels with batch normalization.

    Paper: Isola et al. 2016 (Pix2Pix), arXiv:1611.07004, sections 4.4 and 6.1.2; else as in
    discriminator/pixelgan. As in the published code neither the convolution before the normalization nor the
    last one has a bias.

    `(N, C, H, W)` in [-1, 1] → scores `(N, 1, H, W)` float32; labels are ignored.
    """

    biased: ClassVar[bool] = False

    def norm(self, width: int) -> nn.Module:
        """Batch normalization."""
        return nn.BatchNorm2d(width)
