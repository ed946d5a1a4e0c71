"""Images to scores through maxout layers with dropout."""

import math
from itertools import pairwise

from torch import Tensor, nn

from gancore.component.interfaces import Discriminator
from gancore.component.part import field, part
from gancore.component.randomness import uniform
from gancore.component.validators import at_least, below, whole
from gancore_gan.options import listed, sizes

RANGE = 0.005
"""Weights start uniform in ± this, as in the released configuration."""


@part("maxout", tags=["piecewise-linear"])
class Maxout(Discriminator):
    """Maxout units, each the largest of several linear pieces, with dropout before every layer.

    Paper: Goodfellow et al. 2014, arXiv:1406.2661, section 5; maxout is that of Goodfellow et al. 2013,
    arXiv:1302.4389. Sizes, dropout and first weights are those of the released MNIST configuration: two
    layers of 240 units of 5 pieces, dropout 0.2 of the image and 0.5 of the hidden units, what is left scaled
    up by 1.25 and 2, U(-0.005, 0.005). The sigmoid is the loss's. No bound on the norm of weights.

    `(N, C, H, W)` of any shape → `(N,)` float32.
    """

    examples = ({"hidden": [8, 6], "pieces": 3},)
    hidden: tuple[int, ...] = field(
        default=(240, 240), converter=listed, validator=sizes, help="units in each hidden layer"
    )
    pieces: int = field(default=5, validator=whole(1), help="linear pieces of a unit")
    input_dropout: float = field(
        default=0.2, validator=[at_least(0), below(1)], help="share of the image's values dropped in training"
    )
    dropout: float = field(
        default=0.5, validator=[at_least(0), below(1)], help="share of the hidden units dropped in training"
    )

    def build(self) -> None:
        """A linear map to all pieces for each hidden layer, and one to the score."""
        known = (math.prod(self.image), *self.hidden)
        self.layers = nn.ModuleList(_linear(before, after * self.pieces) for before, after in pairwise(known))
        self.score = _linear(known[-1], 1)

    def forward_features(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → the last hidden layer, `(N, units)`."""
        hidden, rate = image.flatten(1), self.input_dropout
        for layer in self.layers:
            hidden, rate = (
                layer(self._dropped(hidden, rate)).unflatten(1, (-1, self.pieces)).amax(2),
                self.dropout,
            )
        return hidden

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """The last hidden layer → scores `(N,)`."""
        scores: Tensor = self.score(self._dropped(features, self.dropout))
        return scores[:, 0]

    def _dropped(self, hidden: Tensor, rate: float) -> Tensor:
        if not self.training or rate == 0:
            return hidden
        kept = uniform(*hidden.shape, like=hidden) >= rate
        return hidden * kept / (1 - rate)


def _linear(before: int, after: int) -> nn.Linear:
    layer = nn.Linear(before, after)
    nn.init.uniform_(layer.weight, -RANGE, RANGE)
    nn.init.zeros_(layer.bias)
    return layer
