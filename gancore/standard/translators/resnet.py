"""The residual translator of CycleGAN."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from gancore.component.interfaces import Generator, ImageShape, Shape
from gancore.component.part import fact, field, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import whole
from gancore.errors import FitError
from gancore.nn.initializers import normal_weights
from gancore.nn.instance_norm import InstanceNorm

__all__ = ["ResNet"]


@part("resnet", tags=("translator",))
class ResNet(Generator):
    """Two stride-2 convolutions, residual blocks and two transposed convolutions; reads a source image.

    Paper: Zhu et al. 2017, arXiv:1703.10593, section 4 and appendix 7.2: c7s1-64, d128, d256, R256 ×
    `blocks`, u128, u64, c7s1-3, with reflection padding and instance normalization (after Johnson et al.
    2016, arXiv:1603.08155). The paper uses 6 blocks for 128×128 images and 9 from 256×256 on, which with 3
    channels have 11,378,179 weights. The paper does not name the last activation; a tanh, as in its published
    code, keeps images in (-1, 1). Initial weights are N(0, 0.02) (appendix 7.1); biases start at 0, as in
    that code.

    `(N, *source)` in [-1, 1] → `(N, C, H, W)` float32. The channels of source and image may differ, their
    sizes may not.

    Raises:
        FactError: the source's shape is not known.
        FitError: the sizes differ, are not multiples of 4, or are below 8.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({"width": 4, "blocks": 1},)
    former_names: ClassVar[Sequence[str]] = ("gancore-cyclegan:resnet",)
    size_multiple: ClassVar[int] = 4

    source: ImageShape = fact(default=None, help="shape (C, H, W) of one source image, given by the recipe")
    width: int = field(
        default=64, validator=whole(1), help="channels after the first convolution; they double twice"
    )
    blocks: int = field(default=9, validator=whole(1), help="residual blocks at a quarter of the size")

    @property
    def code_shape(self) -> Shape:
        """The shape of one source image."""
        if self.source is None:
            self.require()
        return tuple(self.source)

    def build(self) -> None:
        """Makes the layers in the order of the paper's list."""
        _check_sizes(self)
        width = self.width
        self.layers = nn.Sequential(
            *_wide(self.source[0], width),
            *_activated(nn.Conv2d(width, width * 2, 3, stride=2, padding=1)),
            *_activated(nn.Conv2d(width * 2, width * 4, 3, stride=2, padding=1)),
            *(Residual(width * 4) for _ in range(self.blocks)),
            *_activated(nn.ConvTranspose2d(width * 4, width * 2, 3, stride=2, padding=1, output_padding=1)),
            *_activated(nn.ConvTranspose2d(width * 2, width, 3, stride=2, padding=1, output_padding=1)),
            nn.Conv2d(width, self.image[0], 7, padding=3, padding_mode="reflect"),
            nn.Tanh(),
        )
        normal_weights(self)

    def forward(self, code: Tensor) -> Tensor:
        """`(N, *source)` → `(N, C, H, W)`."""
        return at_least_float32(self.layers(code))  # (N, C, H, W)


class Residual(nn.Module):
    """Two 3×3 convolutions of equal width with a skip connection, and no activation after the sum.

    Paper: He et al. 2015, arXiv:1512.03385, without the last ReLU, as in appendix 7.2 of Zhu et al. 2017,
    which follows Johnson et al. 2016.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(*_activated(_same(width)), _same(width), InstanceNorm())

    def forward(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → the same shape."""
        changed: Tensor = self.layers(image)
        return image + changed


def _same(width: int) -> nn.Module:
    return nn.Conv2d(width, width, 3, padding=1, padding_mode="reflect")


def _wide(channels: int, width: int) -> Sequence[nn.Module]:
    return _activated(nn.Conv2d(channels, width, 7, padding=3, padding_mode="reflect"))


def _activated(convolution: nn.Module) -> Sequence[nn.Module]:
    return [convolution, InstanceNorm(), nn.ReLU(inplace=True)]


def _check_sizes(generator: ResNet) -> None:
    size, source = tuple(generator.image[1:]), tuple(generator.source[1:])
    if size != source:
        raise FitError(
            f"{generator.qualified_name} keeps the size of its source, "
            f"but the source is {source[0]}×{source[1]} and the image "
            f"{size[0]}×{size[1]}; open both domains at one size"
        )
    if any(side % 4 or side < 8 for side in size):
        raise FitError(
            f"{generator.qualified_name} halves its source twice, but got images of {size[0]}×{size[1]}; "
            f"use sides that are multiples of 4 and at least 8"
        )
