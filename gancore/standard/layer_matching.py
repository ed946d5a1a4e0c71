"""A penalty that compares the discriminator's maps of a translation with those of its target."""

from collections.abc import Callable

import torch
from torch import Tensor

from gancore.component.interfaces import GeneratorRegularizer
from gancore.component.part import field, part
from gancore.component.precision import at_least_float32
from gancore.component.scored import Scored
from gancore.component.validators import at_least

__all__ = ["LayerMatching"]


@part("layer-matching")
class LayerMatching(GeneratorRegularizer):
    """The mean absolute difference between the discriminator's maps of generated images, in all layers, and
    those of the real images in the same rows, such as a translation and its target.

    Paper: Wang et al. 2017 (pix2pixHD), arXiv:1711.11585, eq. 4, its feature matching loss, with λ = 10 (eq.
    5): layers and scales are added up, and the discriminator is not trained by it. The released code takes
    the mean over scales instead, which a smaller weight gives. A random augmentation would change both images
    in ways of their own; leave it out.

    Raises:
        UserError: the discriminator gives no maps.
    """

    weight: float = field(default=10.0, validator=at_least(0), help="weight of the distance, the paper's λ")

    def forward(self, render: Callable[[Tensor], Tensor], fake: Scored, real: Scored) -> Tensor:
        """Σᵢ E |Dᵢ(y) - Dᵢ(G(x))|, Dᵢ the maps of layer i, weighted."""
        with torch.no_grad():
            wanted = real.maps
        apart = [
            (at_least_float32(made) - at_least_float32(want)).abs().mean()
            for made, want in zip(fake.maps, wanted, strict=True)
        ]
        return self.weight * torch.stack(apart).sum()
