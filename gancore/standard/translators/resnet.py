"""The residual translator of CycleGAN, with instance or batch normalization, and that of CUT, which blurs."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from gancore.component.part import field, interface, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import whole
from gancore.errors import FitError
from gancore.nn.batch_norm import BatchNorm2d
from gancore.nn.blur import BlurPool, BlurUpsample
from gancore.nn.initializers import normal_weights, xavier_normal_weights
from gancore.nn.instance_norm import InstanceNorm
from gancore.standard.translators.options import (
    activation,
    check_equal_sizes,
    dropout_field,
    noise_field,
    own_statistics_field,
)
from gancore.standard.translators.translator import Translator

__all__ = ["AntialiasedResNet", "BatchResNet", "ResNet", "ResNetTranslator"]


@interface("generator")
class ResNetTranslator(Translator):
    """Two stride-2 convolutions, residual blocks and two transposed convolutions; a subclass says how they
    are normalized, and may halve and double maps otherwise by overriding `halving` and `doubling`.
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
        wide = nn.Conv2d(self.source[0], width, 7, padding=3, padding_mode="reflect", bias=self.biased)
        self.layers = nn.Sequential(
            *self.activated(wide),
            *self.halving(width),
            *self.halving(width * 2),
            *(self.residual(width * 4) for _ in range(self.blocks)),
            *self.doubling(width * 4),
            *self.doubling(width * 2),
            nn.Conv2d(width, self.image[0], 7, padding=3, padding_mode="reflect"),
            nn.Tanh(),
        )
        normal_weights(self)

    def halving(self, width: int) -> list[nn.Module]:
        """Layers that halve the sides of maps of so many channels, and double these."""
        return self.activated(nn.Conv2d(width, width * 2, 3, stride=2, padding=1, bias=self.biased))

    def doubling(self, width: int) -> list[nn.Module]:
        """Layers that double the sides of maps of so many channels, and halve these."""
        return self.activated(
            nn.ConvTranspose2d(width, width // 2, 3, stride=2, padding=1, output_padding=1, bias=self.biased)
        )

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
        """`(N, *source)` → the image, what the convolutions of both halvings make of it, and the first and
        the middle residual block: of 9 the fifth, as in Park et al. 2020 (CUT), arXiv:2007.15651. Its
        published code takes the image with the border that the first convolution reads, three reflected
        pixels.
        """
        stops = self._stops()
        image, found = code, [code]
        for place, layer in enumerate(list(self.layers)[: stops[-1] + 1]):
            image = layer(image)  # (N, channels, h, w)
            if place in stops:
                found.append(image)
        return [at_least_float32(one) for one in found]

    def _stops(self) -> list[int]:
        """Where in `layers` the maps are taken."""
        layers = list(self.layers)
        blocks = [place for place, layer in enumerate(layers) if isinstance(layer, Residual)]
        _, *halved = (place for place in range(blocks[0]) if isinstance(layers[place], nn.Conv2d))
        return sorted({*halved, blocks[0], blocks[len(blocks) // 2]})


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


@part("resnet-antialiased", tags=("translator",))
class AntialiasedResNet(ResNet):
    """The residual translator that blurs its maps before they are halved and after they are doubled, so that
    fine patterns do not turn into coarse ones.

    Paper: Zhang 2019 ("Making Convolutional Networks Shift-Invariant Again"), arXiv:1904.11486, section 3, as
    the published code of Park et al. 2020 (CUT), arXiv:2007.15651, has it. A map is halved by a 3×3
    convolution of stride 1, normalization, ReLU and a blur with (1, 2, 1), of which every second pixel is
    kept; it is doubled by a blur with (1, 3, 3, 1) and then a 3×3 convolution of stride 1. All else, and the
    number of weights, is that of generator/resnet, but for the initial weights: these are, as in that code,
    N(0, 0.02 · √(2 / (inputs + outputs))) (Glorot & Bengio 2010, eq. 12), biases 0. Maps before a halving
    have four times as many pixels as in generator/resnet, which makes it slower.

    `(N, *source)` in [-1, 1] → `(N, C, H, W)` float32. The channels of source and image may differ, their
    sizes may not.

    Raises:
        FactError: the source's shape is not known.
        FitError: the sizes differ, are not multiples of 4, or are below 8.
    """

    def build(self) -> None:
        """Makes the layers, with other initial weights."""
        super().build()
        xavier_normal_weights(self, gain=0.02)

    def halving(self, width: int) -> list[nn.Module]:
        """A convolution, and a blur that keeps every second pixel."""
        return [*self.activated(nn.Conv2d(width, width * 2, 3, padding=1)), BlurPool()]

    def doubling(self, width: int) -> list[nn.Module]:
        """A blur of pixels with zeros between them, and a convolution."""
        return [BlurUpsample(), *self.activated(nn.Conv2d(width, width // 2, 3, padding=1))]


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
