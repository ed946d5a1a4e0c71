"""Images to scores."""

import math
from itertools import pairwise

from torch import Tensor, nn

from gancore import Discriminator, field, part
from gancore.component.validators import whole


@part("sprout", tags=["piecewise-linear"])
class SproutDiscriminator(Discriminator):
    """Strided convolutions halve the image to a map of about 4 × 4, whose mean over places is scored.

    `(N, C, H, W)` → `(N,)` float32, any shape.
    """

    examples = ({"width": 4},)
    width: int = field(
        default=32,
        validator=whole(1),
        help="channels of the first map; each smaller map has twice as many, at most 8 times",
    )

    def build(self) -> None:
        """Makes the layers; `self.image` is known here."""
        steps = max(1, round(math.log2(max(self.image[1:]) / 4)))
        widths = [self.image[0], *(self.width * min(2**i, 8) for i in range(steps))]
        layers: list[nn.Module] = []
        for fewer, more in pairwise(widths):
            layers += [nn.Conv2d(fewer, more, 3, stride=2, padding=1), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers)
        self.score = nn.Linear(widths[-1], 1)

    def forward_features(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → `(N, F)`, the last map's mean over places."""
        maps: Tensor = self.layers(image)
        return maps.mean((2, 3))

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, F)` → scores `(N,)`; labels are not read."""
        scores: Tensor = self.score(features)
        return scores.squeeze(1)
