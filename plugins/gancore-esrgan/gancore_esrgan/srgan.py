"""The discriminator of SRGAN and ESRGAN."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from gancore.component.interfaces import Discriminator
from gancore.component.part import field, part
from gancore.component.validators import whole
from gancore.errors import FitError
from gancore.nn.convolution import Conv2d
from gancore.nn.rectifier import LeakyReLU

__all__ = ["SRGANDiscriminator"]

SLOPE = 0.2
SMALLEST = 4
"""The sides of the map that is scored have 4 to 7 pixels."""


@part("srgan", tags=("batch",))
class SRGANDiscriminator(Discriminator):
    """Pairs of convolutions of stride 1 and 2 with batch normalization down to a small map, which two linear
    layers score as a whole.

    Papers: Ledig et al. 2016 (SRGAN), arXiv:1609.04802, fig. 4; Wang et al. 2018 (ESRGAN), arXiv:1809.00219,
    which takes it over, sizes as in the released code (`VGGStyleDiscriminator`): 3×3 convolutions of stride 1
    and 4×4 ones of stride 2, channels that double up to 8 times the first, leaky rectifiers of slope 0.2, no
    normalization in the first layer, a linear layer to 100 features and one to the score. The image is halved
    until its shorter side has 4 to 7 pixels, which is as released for 128×128 and 256×256. On 128×128 with 3
    channels there are 14,499,401 weights. Initial weights are PyTorch's, as in that code.

    The released network reads images in [0, 1]; the layers here do too, and images in [-1, 1] are converted.

    `(N, C, H, W)` in [-1, 1] → `(N,)` float32; labels are ignored.

    Raises:
        FitError: the sides cannot be halved as often, or are below 8.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({"width": 2, "features": 6},)

    width: int = field(default=64, validator=whole(1), help="channels at first; they double three times")
    features: int = field(default=100, validator=whole(1), help="length of the features that are scored")

    @property
    def halvings(self) -> int:
        """How often the image is halved."""
        return (min(self.image[1:]) // SMALLEST).bit_length() - 1

    def build(self) -> None:
        """Makes the layers in the order in which an image passes them."""
        self._check_size()
        widths = [self.width << min(i, 3) for i in range(self.halvings)]
        layers: list[nn.Module] = [Conv2d(self.image[0], self.width, 3, padding=1), _rectifier()]
        for i, wide in enumerate(widths):
            layers += _normalized(Conv2d(widths[i - 1], wide, 3, padding=1, bias=False)) if i else []
            layers += _normalized(Conv2d(wide, wide, 4, stride=2, padding=1, bias=False))
        _, height, width = self.image
        places = (height >> self.halvings) * (width >> self.halvings)
        self.body = nn.Sequential(*layers)
        self.hidden = nn.Linear(widths[-1] * places, self.features)
        self.head = nn.Sequential(_rectifier(), nn.Linear(self.features, 1))

    def forward_features(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → `(N, features)`."""
        maps = self.body((image + 1) / 2)  # (N, 8 × width, h, w), of an image in [0, 1]
        features: Tensor = self.hidden(maps.flatten(1))
        return features

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """Features → scores `(N,)`."""
        scores: Tensor = self.head(features)
        return scores[:, 0]

    def _check_size(self) -> None:
        _, height, width = self.image
        times = max(self.halvings, 1)
        if self.halvings < 1 or height % (1 << times) or width % (1 << times):
            raise FitError(
                f"{self.qualified_name} halves images {times} times, but got images of {height}×{width}; use "
                f"sides that are multiples of {1 << times} and at least {2 * SMALLEST}"
            )


def _rectifier() -> nn.Module:
    return LeakyReLU(SLOPE)


def _normalized(convolution: nn.Conv2d) -> Sequence[nn.Module]:
    return [convolution, nn.BatchNorm2d(convolution.out_channels), _rectifier()]
