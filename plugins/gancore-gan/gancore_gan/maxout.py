"""Images to scores through maxout layers with dropout."""

import math
from itertools import pairwise

from torch import Tensor, nn

from gancore.component.interfaces import Discriminator
from gancore.component.part import field, part
from gancore.component.randomness import uniform
from gancore.component.validators import as_tuple, at_least, below, sizes, whole

RANGE = 0.005
"""Initial weights are uniform in ± this, as in the released configuration."""


@part("maxout", tags=["piecewise-linear"])
class Maxout(Discriminator):
    """Maxout units, each the maximum of several linear pieces, with dropout before every layer.

    Paper: Goodfellow et al. 2014, arXiv:1406.2661, section 5; maxout is from Goodfellow et al. 2013,
    arXiv:1302.4389. Sizes, dropout and initial weights are those of the released MNIST configuration: two
    layers of 240 units with 5 pieces each, dropout of 0.2 on the image and 0.5 on the hidden units, the
    remaining values scaled by 1.25 and 2, weights U(-0.005, 0.005). The sigmoid is part of the loss. The
    norm of the weights is not bounded.

    `(N, C, H, W)` of any shape → `(N,)` float32.
    """

    examples = ({"hidden": [8, 6], "pieces": 3},)
    hidden: tuple[int, ...] = field(
        default=(240, 240),
        converter=as_tuple,
        validator=sizes(),
        help="number of units in each hidden layer",
    )
    pieces: int = field(default=5, validator=whole(1), help="linear pieces per unit")
    input_dropout: float = field(
        default=0.2,
        validator=[at_least(0), below(1)],
        help="fraction of the image's values dropped in training",
    )
    dropout: float = field(
        default=0.5,
        validator=[at_least(0), below(1)],
        help="fraction of the hidden units dropped in training",
    )

    def build(self) -> None:
        """Makes one linear layer for all pieces of each hidden layer, and one for the score."""
        sizes = (math.prod(self.image), *self.hidden)
        self.layers = nn.ModuleList(_linear(before, after * self.pieces) for before, after in pairwise(sizes))
        self.score = _linear(sizes[-1], 1)

    def forward_features(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → the last hidden layer, `(N, units)`."""
        hidden, rate = image.flatten(1), self.input_dropout  # (N, C·H·W)
        for layer in self.layers:
            pieces = layer(self._dropped(hidden, rate)).unflatten(1, (-1, self.pieces))  # (N, units, pieces)
            hidden, rate = pieces.amax(2), self.dropout  # (N, units)
        return hidden

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """The last hidden layer → scores `(N,)`."""
        scores: Tensor = self.score(self._dropped(features, self.dropout))  # (N, 1)
        return scores[:, 0]  # (N,)

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
