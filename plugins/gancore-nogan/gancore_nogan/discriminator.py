"""The critic of DeOldify."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from gancore.component.interfaces import Discriminator
from gancore.component.part import field, part
from gancore.component.precision import at_least_float32
from gancore.component.randomness import uniform
from gancore.component.validators import below, whole, within
from gancore.errors import FitError
from gancore.nn.attention import SelfAttention
from gancore.nn.dropout import Dropout
from gancore.nn.initializers import normal_weights
from gancore.nn.spectral_norm import SpectralConv2d

__all__ = ["ChannelDropout", "NoGANDiscriminator"]


class ChannelDropout(Dropout):
    """Dropout of whole channels: one draw for each map of a sample. `(N, C, H, W)` → the same shape.

    Paper: Tompson et al. 2014, arXiv:1411.4280, as `torch.nn.Dropout2d`.
    """

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` → `(N, C, H, W)`."""
        if not self.training or not self.p:
            return x
        kept = uniform(*x.shape[:2], 1, 1, like=x) >= self.p  # (N, C, 1, 1)
        return x * kept / (1 - self.p)


@part("nogan")
class NoGANDiscriminator(Discriminator):
    """The critic of DeOldify: convolutions with spectral normalization and dropout of channels, attention
    after the first block, and one score for each overlapping patch.

    As in its released code (https://github.com/jantic/DeOldify, `deoldify/critics.py`): a 4×4 convolution of
    stride 2 to `width` channels; in each of 3 `blocks` a 3×3 convolution, and a 4×4 one of stride 2 that
    doubles the channels; a 3×3 convolution; and a 4×4 one to one channel, without padding and bias. All are
    normalized (Miyato et al. 2018, arXiv:1802.05957), and each but the last is followed by a leaky ReLU of
    slope 0.2. The dropout is half as strong after the first convolution.

    Differences: attention is that of SAGAN's released code, with pooled keys and values of half the channels
    (`gancore.nn.SelfAttention`); there all positions and channels are kept. Weights start from N(0, 0.02),
    there from He's initialization; normalization takes the difference in scale away.

    `(N, C, H, W)` in [-1, 1] → scores `(N, 1, h, w)` float32; labels are ignored.

    Raises:
        FitError: the images are too small for so many blocks.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {"width": 4, "blocks": 1, "dropout": 0.15},
        {"width": 4, "blocks": 0, "dropout": 0.0},
    )

    width: int = field(
        default=256, validator=whole(1), help="channels after the first convolution; each block doubles them"
    )
    blocks: int = field(
        default=3, validator=whole(0), help="blocks; each halves the image, as the first convolution does"
    )
    dropout: float = field(
        default=0.15, validator=[within(0, 1), below(1)], help="probability that a channel is set to zero"
    )

    def build(self) -> None:
        """Creates the layers in the order of the released code."""
        self._check_size()
        layers: list[nn.Module] = [*_activated(self.image[0], self.width, 4, 2)]
        layers.append(ChannelDropout(self.dropout / 2))
        for block in range(self.blocks):
            narrow = self.width << block
            layers += [*_activated(narrow, narrow, 3), ChannelDropout(self.dropout)]
            layers += _activated(narrow, 2 * narrow, 4, 2)
            layers += [] if block else [SelfAttention(2 * narrow, conv=SpectralConv2d)]
        wide = self.width << self.blocks
        self.body = nn.Sequential(*layers, *_activated(wide, wide, 3))
        self.head = SpectralConv2d(wide, 1, 4, bias=False)
        normal_weights(self)

    def forward_features(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → `(N, 2^blocks · width, h + 3, w + 3)`."""
        features: Tensor = self.body(image)
        return features

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """Features → scores `(N, 1, h, w)`."""
        return at_least_float32(self.head(features))

    def _check_size(self) -> None:
        height, width = self.image[1:]
        fitting = (min(height, width) // 8).bit_length() - 1  # 4 pixels must remain
        if self.blocks > fitting:
            advice = (
                f"give blocks={fitting} or fewer, or larger images" if fitting >= 0 else "give larger ones"
            )
            raise FitError(
                f"{self.qualified_name} with {self.blocks} blocks needs images of at least "
                f"{8 << min(self.blocks, 30)} pixels a side; got {height}×{width}: {advice}"
            )


def _activated(channels: int, wide: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    padding = (kernel - 1) // 2
    convolution = SpectralConv2d(channels, wide, kernel, stride=stride, padding=padding)
    return [convolution, nn.LeakyReLU(0.2, inplace=True)]
