"""Discriminators of strided convolutions."""

from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Discriminator
from gancore.component.part import field, interface, part
from gancore.component.validators import at_least, whole
from gancore.nn.initializers import he_weights, normal_weights
from gancore.nn.pyramid import check_powers_of_two, doubling_widths, doublings, smallest_map


@interface("discriminator")
class StridedDiscriminator(Discriminator):
    """The layers that both discriminators share; `normalized` turns batch normalization on or off."""

    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    width: int = field(default=64, validator=whole(1), help="channels of the largest hidden map")
    slope: float = field(default=0.2, validator=at_least(0), help="slope of the leaky ReLU below zero")
    normalized: ClassVar[bool]

    def build(self) -> None:
        """Makes convolutions that halve the image to a shorter side of 4, and one that scores that map."""
        check_powers_of_two(self.image, self.qualified_name)
        end = smallest_map(self.image, self.qualified_name)
        sizes = doubling_widths(self.width, doublings(self.image, self.qualified_name))
        bias = not self.normalized
        layers: list[nn.Module] = [nn.Conv2d(self.image[0], sizes[0], 4, 2, 1, bias=bias), self._leaky()]
        for fewer, more in pairwise(sizes):
            layers += [
                nn.Conv2d(fewer, more, 4, 2, 1, bias=bias),
                *([nn.BatchNorm2d(more)] if self.normalized else []),
                self._leaky(),
            ]
        self.layers = nn.Sequential(*layers)
        self.score = nn.Conv2d(sizes[-1], 1, end, bias=bias)
        for module in (self.layers, self.score):
            (normal_weights if self.normalized else he_weights)(module)

    def _leaky(self) -> nn.Module:
        return nn.LeakyReLU(self.slope, inplace=True)

    def forward_features(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → the last map, whose shorter side is 4."""
        features: Tensor = self.layers(image)  # (N, channels, h, w)
        return features

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """The last map → scores `(N,)`."""
        scores: Tensor = self.score(features)  # (N, 1, 1, 1)
        return scores.reshape(len(features))  # (N,)


@part("dcgan", tags=["batch"])
class DCGANDiscriminator(StridedDiscriminator):
    """Strided convolutions halve the image down to a small map, which is scored as a whole.

    Paper: Radford et al. 2015, arXiv:1511.06434, section 3: no pooling, batch normalization in all layers but
    the first and the last, leaky ReLU of slope 0.2 in all. As in the PyTorch example, kernels are 4×4 (the
    paper's code: 5×5), no convolution has a bias, and the last layer is a convolution as large as the map,
    which is equivalent to the paper's flattened map and single output. The sigmoid is part of the loss.

    `(N, C, H, W)` → `(N,)` float32.

    Raises:
        FactError: a side is not a power of two, or is below 16.
    """

    examples = ({"width": 4},)
    normalized: ClassVar[bool] = True


@part("dcgan-plain", tags=["piecewise-linear"])
class PlainDCGANDiscriminator(StridedDiscriminator):
    """The DCGAN discriminator without batch normalization, as per-image gradient penalties require.

    Not in the paper; WGAN-GP (Gulrajani et al. 2017, arXiv:1704.00028, section 4) explains why. Convolutions
    have biases, and initial weights preserve the variance (He et al. 2015, arXiv:1502.01852).

    `(N, C, H, W)` → `(N,)` float32.

    Raises:
        FactError: a side is not a power of two, or is below 16.
    """

    examples = ({"width": 4},)
    normalized: ClassVar[bool] = False
