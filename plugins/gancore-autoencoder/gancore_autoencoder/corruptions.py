"""What denoising autoencoders do to an image before they encode it.

The third corruption of the papers, normal noise, is `augment/instance-noise` of the core.
"""

import torch
from torch import Tensor

from gancore.component.interfaces import Augment
from gancore.component.part import field, part
from gancore.component.randomness import uniform
from gancore.component.validators import within

_FRACTION = "fraction ν of the values that are destroyed"
BLACK = -1.0


@part("masking-noise")
class MaskingNoise(Augment):
    """Sets a fixed number νd of an image's d values, chosen at random for each image, to black.

    Paper: Vincent et al. 2008, Extracting and composing robust features with denoising autoencoders, section
    2.3. Black is -1 here, the paper's 0. `(N, C, H, W)` → the same.
    """

    fraction: float = field(default=0.25, validator=within(0, 1), help=_FRACTION)

    def forward(self, image: Tensor) -> Tensor:
        """x̃ ~ q_D(x̃ | x)."""
        return torch.where(_chosen(image, self.fraction), BLACK, image)


@part("salt-and-pepper")
class SaltAndPepper(Augment):
    """Sets a fixed number νd of an image's d values, chosen at random for each image, to black or white, by a
    fair coin for each.

    Paper: Vincent et al. 2010, Stacked denoising autoencoders, Journal of Machine Learning Research 11.
    `(N, C, H, W)` → the same.
    """

    fraction: float = field(default=0.25, validator=within(0, 1), help=_FRACTION)

    def forward(self, image: Tensor) -> Tensor:
        """x̃ ~ q_D(x̃ | x)."""
        chosen = _chosen(image, self.fraction)
        coin = (uniform(*image.shape, like=image) < 0.5).to(image.dtype) * 2 - 1
        return torch.where(chosen, coin, image)


def _chosen(image: Tensor, fraction: float) -> Tensor:
    """Which values are destroyed: in each image the same number of them, bool `(N, C, H, W)`."""
    noise = uniform(*image.shape, like=image).flatten(1)  # (N, d)
    count = round(fraction * noise.shape[1])
    smallest = noise.topk(count, dim=1, largest=False).indices  # (N, νd)
    return torch.zeros_like(noise, dtype=torch.bool).scatter(1, smallest, True).reshape(image.shape)
