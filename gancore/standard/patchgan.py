"""The PatchGAN discriminator, with instance or batch normalization, and that of CUT, which blurs."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Discriminator
from gancore.component.part import field, interface, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import whole
from gancore.errors import FitError
from gancore.nn.blur import BlurPool
from gancore.nn.initializers import normal_weights, xavier_normal_weights
from gancore.nn.instance_norm import InstanceNorm
from gancore.nn.pyramid import doubling_widths

__all__ = ["AntialiasedPatchGAN", "BatchPatchGAN", "PatchGAN", "PatchScores"]


@interface("discriminator")
class PatchScores(Discriminator):
    """Activated convolutions, the `body`, and one to the scores, the `head`."""

    def forward_features(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → the last map `(N, C', h', w')`."""
        features: Tensor = cast(nn.Module, self.body)(image)
        return features

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """Features → scores `(N, 1, h, w)`."""
        scores: Tensor = cast(nn.Module, self.head)(features)
        return scores

    def maps(self, image: Tensor) -> list[Tensor]:
        """`(N, C, H, W)` → the map after each activation."""
        x, found = image, list[Tensor]()
        for layer in cast(nn.Sequential, self.body):
            x = layer(x)
            if isinstance(layer, nn.LeakyReLU):
                found.append(at_least_float32(x))
        return found


@part("patchgan")
class PatchGAN(PatchScores):
    """Judges overlapping patches of an image; one score for each patch.

    Paper: Isola et al. 2016, arXiv:1611.07004, section 3.2.2, as used by Zhu et al. 2017, arXiv:1703.10593,
    appendix 7.2: C64-C128-C256-C512 with 4×4 convolutions, instance normalization except in the first, leaky
    ReLU of slope 0.2, then a convolution to one channel. With 3 `layers` of stride 2 a patch is 70×70
    (2,764,737 weights on 3 channels); 2 make it 34×34, 1 makes it 16×16, and 5 make it 286×286, which is a
    whole image (ImageGAN, section 4.4; its scores still overlap). As in the published code the last
    C-layer and the convolution to one channel have stride 1, which the 70×70 implies and the text does not
    mention; weights start from N(0, 0.02) (Zhu et al., appendix 7.1), biases from 0. A subclass with another
    normalization overrides `c_layer`; one with another first layer, `first_layer`.

    `(N, C, H, W)` in [-1, 1] → scores `(N, 1, h, w)` float32; labels are ignored.

    Raises:
        FitError: the images are too small for so many layers.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({"width": 4, "layers": 1},)
    former_names: ClassVar[Sequence[str]] = ("gancore-cyclegan:patchgan",)

    width: int = field(
        default=64,
        validator=whole(1),
        help="channels after the first convolution; they double up to 8 times that",
    )
    layers: int = field(
        default=3, validator=whole(1), help="convolutions of stride 2; 3 give patches of 70×70"
    )

    @property
    def patch(self) -> int:
        """The side of the patch that one score sees."""
        side = 7
        for _ in range(self.layers):
            side = 2 * side + 2
        return side

    def build(self) -> None:
        """Creates the layers in the paper's order."""
        _check_size(self)
        widths = doubling_widths(self.width, self.layers + 1)
        first = self.first_layer(self.image[0], widths[0])
        strides = [2] * (self.layers - 1) + [1]
        rest = [self.c_layer(*shape) for shape in zip(widths[:-1], widths[1:], strides, strict=True)]
        self.body = nn.Sequential(*first, *(layer for group in rest for layer in group))
        self.head = nn.Conv2d(widths[-1], 1, 4, padding=1)
        normal_weights(self)

    def first_layer(self, colors: int, wide: int) -> list[nn.Module]:
        """A convolution of stride 2 and activation."""
        return [nn.Conv2d(colors, wide, 4, stride=2, padding=1), nn.LeakyReLU(0.2, inplace=True)]

    def c_layer(self, narrow: int, wide: int, stride: int) -> list[nn.Module]:
        """The paper's C-layer: a convolution, normalization and activation."""
        return [
            nn.Conv2d(narrow, wide, 4, stride=stride, padding=1),
            InstanceNorm(),
            nn.LeakyReLU(0.2, inplace=True),
        ]


@part("patchgan-batch", tags=["batch"])
class BatchPatchGAN(PatchGAN):
    """The PatchGAN with batch normalization in place of instance normalization.

    Paper: Isola et al. 2016 (Pix2Pix), arXiv:1611.07004, section 6.1.2; layers as in discriminator/patchgan.
    As in the published code convolutions before a normalization have no bias, and scales start from N(1,
    0.02). On source and image joined, of 3 channels each, it has 2,768,705 weights with patches of 70×70.
    Statistics are those of the rows that each process has.

    `(N, C, H, W)` in [-1, 1] → scores `(N, 1, h, w)` float32; labels are ignored.

    Raises:
        FitError: the images are too small for so many layers.
    """

    memory_format: ClassVar[torch.memory_format] = torch.channels_last

    def c_layer(self, narrow: int, wide: int, stride: int) -> list[nn.Module]:
        """A convolution, batch normalization and activation."""
        return [
            nn.Conv2d(narrow, wide, 4, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(wide),
            nn.LeakyReLU(0.2, inplace=True),
        ]


@part("patchgan-antialiased")
class AntialiasedPatchGAN(PatchGAN):
    """The PatchGAN that blurs its maps before they are halved.

    Paper: Zhang 2019 ("Making Convolutional Networks Shift-Invariant Again"), arXiv:1904.11486, section 3, as
    the published code of Park et al. 2020 (CUT), arXiv:2007.15651, has it: where discriminator/patchgan has a
    4×4 convolution of stride 2 this has one of stride 1, normalization (except in the first layer), leaky
    ReLU and a blur with (1, 2, 1), of which every second pixel is kept. The number of weights and the sizes
    of maps are the same; patches are larger: 84×84 with 3 `layers`, 40×40 with 2, 18×18 with 1. Initial
    weights are, as in that code, N(0, 0.02 · √(2 / (inputs + outputs))) (Glorot & Bengio 2010, eq. 12),
    biases 0.

    `(N, C, H, W)` in [-1, 1] → scores `(N, 1, h, w)` float32; labels are ignored.

    Raises:
        FitError: the images are too small for so many layers.
    """

    @property
    def patch(self) -> int:
        """The side of the patch that one score sees."""
        side = 7
        for _ in range(self.layers):
            side = 2 * side + 4
        return side

    def build(self) -> None:
        """Creates the layers, with other initial weights."""
        super().build()
        xavier_normal_weights(self, gain=0.02)

    def first_layer(self, colors: int, wide: int) -> list[nn.Module]:
        """A convolution, activation and a blur that keeps every second pixel."""
        return [nn.Conv2d(colors, wide, 4, padding=1), nn.LeakyReLU(0.2, inplace=True), BlurPool()]

    def c_layer(self, narrow: int, wide: int, stride: int) -> list[nn.Module]:
        """The paper's C-layer, with a blur where it has stride 2."""
        layers = super().c_layer(narrow, wide, 1)
        return layers if stride == 1 else [*layers, BlurPool()]


def _check_size(discriminator: PatchGAN) -> None:
    _, height, width = discriminator.image
    # two convolutions of stride 1 remove a pixel each, and at least one must remain
    fitting = (min(height, width) // 3).bit_length() - 1
    if discriminator.layers > fitting:
        advice = f"give layers={fitting} or fewer, or larger images" if fitting >= 1 else "give larger images"
        layers = discriminator.layers
        least = (
            3 << layers if layers < 32 else f"3·2^{layers}"
        )  # which may be no number that fits into memory
        raise FitError(
            f"{discriminator.qualified_name} with {layers} layers needs images of at least {least} pixels "
            f"a side; got {height}×{width}: {advice}"
        )
