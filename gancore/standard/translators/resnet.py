"""The residual translator of CycleGAN, with instance or batch normalization."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from torch import Tensor, nn

from gancore.component.part import field, interface, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import whole
from gancore.errors import FitError
from gancore.nn.batch_norm import BatchNorm2d
from gancore.nn.initializers import normal_weights
from gancore.nn.instance_norm import InstanceNorm
from gancore.standard.translators.options import (
    activation,
    check_equal_sizes,
    dropout_field,
    noise_field,
    own_statistics_field,
)
from gancore.standard.translators.translator import Translator

__all__ = ["BatchResNet", "ResNet", "ResNetTranslator"]


@interface("generator")
class ResNetTranslator(Translator):
    """Two stride-2 convolutions, residual blocks and two transposed convolutions; a subclass says how they
    are normalized.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({"width": 4, "blocks": 1},)
    size_multiple: ClassVar[int] = 4
    biased: ClassVar[bool]
    """Whether convolutions before a normalization have a bias."""

    width: int = field(
        default=64, validator=whole(1), help="channels after the first convolution; they double twice"
    )
    blocks: int = field(default=9, validator=whole(1), help="residual blocks at a quarter of the size")
    dropout: float = dropout_field(0.0, "inside the residual blocks")
    noise: bool = noise_field()

    @abstractmethod
    def norm(self, width: int) -> nn.Module:
        """A normalization of maps with so many channels."""

    def last_layer(self) -> Tensor:
        """The last convolution."""
        return self.layers.get_submodule(str(len(self.layers) - 2)).get_parameter("weight")

    def build(self) -> None:
        """Makes the layers in the order of the paper's list."""
        _check_sizes(self)
        width = self.width
        conv = partial(nn.Conv2d, bias=self.biased)
        up = partial(
            nn.ConvTranspose2d, kernel_size=3, stride=2, padding=1, output_padding=1, bias=self.biased
        )
        wide = conv(self.source[0], width, 7, padding=3, padding_mode="reflect")
        self.layers = nn.Sequential(
            *self.activated(wide),
            *self.activated(conv(width, width * 2, 3, stride=2, padding=1)),
            *self.activated(conv(width * 2, width * 4, 3, stride=2, padding=1)),
            *(self.residual(width * 4) for _ in range(self.blocks)),
            *self.activated(up(width * 4, width * 2)),
            *self.activated(up(width * 2, width)),
            nn.Conv2d(width, self.image[0], 7, padding=3, padding_mode="reflect"),
            nn.Tanh(),
        )
        normal_weights(self)

    def activated(self, layer: nn.Conv2d | nn.ConvTranspose2d, dropout: float = 0.0) -> list[nn.Module]:
        """A convolution, its normalization and ReLU."""
        return [layer, self.norm(layer.out_channels), activation(nn.ReLU(inplace=True), dropout, self.noise)]

    def residual(self, width: int) -> nn.Module:
        """A block of two 3×3 convolutions of equal width."""
        first, second = (
            nn.Conv2d(width, width, 3, padding=1, padding_mode="reflect", bias=self.biased) for _ in range(2)
        )
        return Residual(*self.activated(first, self.dropout), second, self.norm(width))

    def forward(self, code: Tensor) -> Tensor:
        """`(N, *source)` → `(N, C, H, W)`."""
        return at_least_float32(self.layers(code))  # (N, C, H, W)

    def maps(self, code: Tensor) -> list[Tensor]:
        """`(N, *source)` → the image, what both convolutions of stride 2 make of it, and the first and the
        middle residual block: of 9 the fifth, as in Park et al. 2020 (CUT), arXiv:2007.15651.
        """
        stops = sorted({3, 6, 9, 9 + self.blocks // 2})  # where these lie in `layers`
        image, found = code, [code]
        for place, layer in enumerate(list(self.layers)[: stops[-1] + 1]):
            image = layer(image)  # (N, channels, h, w)
            if place in stops:
                found.append(image)
        return [at_least_float32(one) for one in found]


@part("resnet", tags=("translator",))
class ResNet(ResNetTranslator):
    """Two stride-2 convolutions, residual blocks and two transposed convolutions; reads a source image.

    Paper: Zhu et al. 2017, arXiv:1703.10593, section 4 and appendix 7.2: c7s1-64, d128, d256, R256 ×
    `blocks`, u128, u64, c7s1-3, with reflection padding and instance normalization (after Johnson et al.
    2016, arXiv:1603.08155). The paper uses 6 blocks for 128×128 images and 9 from 256×256 on, which with 3
    channels have 11,378,179 weights. The paper does not name the last activation; a tanh, as in its published
    code, keeps images in (-1, 1). Initial weights are N(0, 0.02) (appendix 7.1); biases start at 0, as in
    that code, whose dropout after the first activation of a block is off by default.

    `(N, *source)` in [-1, 1] → `(N, C, H, W)` float32. The channels of source and image may differ, their
    sizes may not.

    Raises:
        FactError: the source's shape is not known.
        FitError: the sizes differ, are not multiples of 4, or are below 8.
    """

    former_names: ClassVar[Sequence[str]] = ("gancore-cyclegan:resnet",)
    biased: ClassVar[bool] = True

    def norm(self, width: int) -> nn.Module:
        """Instance normalization."""
        return InstanceNorm()


@part("resnet-batch", tags=("translator", "batch"))
class BatchResNet(ResNetTranslator):
    """The residual translator with batch normalization, as the published code of Pix2Pix offers it beside the
    U-Net.

    Paper: Isola et al. 2016 (Pix2Pix), arXiv:1611.07004, has the U-Net alone; layers as in generator/resnet,
    without biases before a normalization. In that code dropout is 0.5.

    `(N, *source)` in [-1, 1] → `(N, C, H, W)` float32.

    Raises:
        FactError: the source's shape is not known.
        FitError: the sizes differ, are not multiples of 4, or are below 8.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({"width": 4, "blocks": 1, "dropout": 0.5},)
    biased: ClassVar[bool] = False

    own_statistics: bool = own_statistics_field()

    def norm(self, width: int) -> nn.Module:
        """Batch normalization."""
        return BatchNorm2d(width, own_statistics=self.own_statistics)


class Residual(nn.Module):
    """Two 3×3 convolutions of equal width with a skip connection, and no activation after the sum.

    Paper: He et al. 2015, arXiv:1512.03385, without the last ReLU, as in appendix 7.2 of Zhu et al. 2017,
    which follows Johnson et al. 2016.
    """

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → the same shape."""
        changed: Tensor = self.layers(image)
        return image + changed


def _check_sizes(generator: ResNetTranslator) -> None:
    check_equal_sizes(generator, generator.source)
    height, width = generator.image[1:]
    if any(side % 4 or side < 8 for side in (height, width)):
        raise FitError(
            f"{generator.qualified_name} halves its source twice, but got images of {height}×{width}; "
            f"use sides that are multiples of 4 and at least 8"
        )
