"""A discriminator for latents."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar

from torch import Tensor, nn

from gancore.component.interfaces import Discriminator
from gancore.component.part import field, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import at_least, whole
from gancore.nn.initializers import he_weights


@part("latent-mlp", tags=["piecewise-linear"])
class LatentMLP(Discriminator):
    """A fully connected network with leaky ReLUs, one score for each latent.

    Paper: Kim & Mnih 2018, arXiv:1802.05983: six hidden layers of 1000 units, slope 0.2, with one score in
    place of two logits, whose difference it is. Latents `(N, d)` are read as images of d channels and 1×1
    pixel, `image = (d, 1, 1)`; images of any shape work.

    `(N, C, H, W)` → scores `(N,)` float32; labels are ignored.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({"width": 8, "depth": 2},)

    width: int = field(default=1000, validator=whole(1), help="hidden units of a layer")
    depth: int = field(default=6, validator=whole(1), help="hidden layers")
    slope: float = field(default=0.2, validator=at_least(0), help="slope of the leaky ReLU below zero")

    def build(self) -> None:
        """Makes the linear layers."""
        sizes = [math.prod(self.image), *[self.width] * self.depth]
        layers: list[nn.Module] = []
        for before, after in pairwise(sizes):
            layers += [nn.Linear(before, after), nn.LeakyReLU(self.slope)]
        self.layers, self.score = nn.Sequential(*layers), nn.Linear(self.width, 1)
        he_weights(self.layers, self.slope)

    def forward_features(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → the last hidden layer `(N, width)`."""
        features: Tensor = self.layers(image.flatten(1))
        return features

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, width)` → `(N,)`."""
        scores: Tensor = self.score(features)
        return at_least_float32(scores[:, 0])


def as_images(latent: Tensor) -> Tensor:
    """`(N, *latent)` → `(N, d, 1, 1)`."""
    return latent.flatten(1)[:, :, None, None]
