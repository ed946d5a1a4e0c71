"""The discriminator of Real-ESRGAN."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar

from torch import Tensor, nn
from torch.nn import functional

from gancore.component.interfaces import Discriminator
from gancore.component.part import field, part
from gancore.component.validators import whole
from gancore.errors import FitError
from gancore.nn.convolution import Conv2d
from gancore.nn.rectifier import leaky_relu
from gancore.nn.spectral_norm import SpectralConv2d

__all__ = ["UNetDiscriminator"]

SLOPE = 0.2
HALVINGS = 3


@part("unet-sn", tags=("piecewise-linear",))
class UNetDiscriminator(Discriminator):
    """A U-Net with spectral normalization; one score for each pixel.

    Paper: Wang et al. 2021 (Real-ESRGAN), arXiv:2107.10833, section 3.4, fig. 6, sizes as in the released
    code: a 3×3 convolution, three 4×4 ones of stride 2 that double the channels, three times a bilinear
    upsampling, a 3×3 convolution and the sum with the map of that size on the way down, two further 3×3
    convolutions, all with leaky rectifiers of slope 0.2, then one to scores. All but the first and last are
    spectrally normalized and have no bias. With 3 channels there are 4,376,897 weights. Initial weights are
    PyTorch's, as in that code, which can leave out the sums (`skips`). The power iteration is that of
    `gancore.nn.spectral_norm`.

    The released network reads images in [0, 1]; the layers here do too, and images in [-1, 1] are converted.

    `(N, C, H, W)` in [-1, 1] → scores `(N, 1, H, W)` float32; labels are ignored.

    Raises:
        FitError: the sides are not multiples of 8.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({"width": 4}, {"width": 4, "skips": False})

    width: int = field(default=64, validator=whole(1), help="channels at full size; they double three times")
    skips: bool = field(
        default=True, help="whether maps on the way down are added to those of their size on the way up"
    )

    def build(self) -> None:
        """Makes the layers in the order in which an image passes them."""
        self._check_size()
        widths = [self.width << i for i in range(HALVINGS + 1)]
        self.first = Conv2d(self.image[0], self.width, 3, padding=1)
        self.down = nn.ModuleList(
            SpectralConv2d(narrow, wide, 4, stride=2, padding=1, bias=False)
            for narrow, wide in pairwise(widths)
        )
        self.up = nn.ModuleList(_normalized(wide, narrow) for wide, narrow in pairwise(widths[::-1]))
        self.end = nn.ModuleList(_normalized(self.width, self.width) for _ in range(2))
        self.head = Conv2d(self.width, 1, 3, padding=1)

    def forward_features(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → `(N, width, H, W)`."""
        x = _activated(self.first((image + 1) / 2))  # of an image in [0, 1]
        around = []
        for down in self.down:  # (N, c, h, w) → (N, 2c, h/2, w/2)
            around.append(x)
            x = _activated(down(x))
        for up in self.up:  # (N, 2c, h/2, w/2) → (N, c, h, w)
            x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = _activated(up(x))
            x = x + around.pop() if self.skips else x
        for conv in self.end:
            x = _activated(conv(x))
        return x

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """Features → scores `(N, 1, H, W)`."""
        scores: Tensor = self.head(features)
        return scores

    def _check_size(self) -> None:
        _, height, width = self.image
        step = 1 << HALVINGS
        if height % step or width % step:
            raise FitError(
                f"{self.qualified_name} halves images {HALVINGS} times and adds maps of equal size, but got "
                f"images of {height}×{width}; use sides that are multiples of {step}"
            )


def _normalized(inputs: int, outputs: int) -> SpectralConv2d:
    return SpectralConv2d(inputs, outputs, 3, padding=1, bias=False)


def _activated(x: Tensor) -> Tensor:
    return leaky_relu(x, SLOPE, inplace=True)
