"""The discriminator of the conditional GAN on MNIST: maxout layers."""

import math

import torch
from torch import Tensor, nn

from gancore import Discriminator, fact, field, part
from gancore.component.validators import at_least, below, whole
from gancore.nn.dropout import Dropout
from gancore.nn.initializers import he_weights
from gancore.nn.labels import check_classes, given_label, one_hot


class Maxout(nn.Module):
    """Units that are each the maximum of several linear pieces.

    Paper: Goodfellow et al. 2013, arXiv:1302.4389, section 3. `(N, inputs)` → `(N, units)`.
    """

    def __init__(self, inputs: int, units: int, pieces: int) -> None:
        super().__init__()
        self.pieces, self.linear = pieces, nn.Linear(inputs, units * pieces)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs)` → `(N, units)`."""
        pieces: Tensor = self.linear(x).unflatten(1, (-1, self.pieces))  # (N, units, pieces)
        return pieces.amax(2)


@part("cgan-mlp", tags=["piecewise-linear"])
class MaxoutCGANDiscriminator(Discriminator):
    """Image and label each have a maxout layer of their own; both are joined into one, which is scored.

    Paper: Mirza & Osindero 2014, arXiv:1411.1784, section 4.1: 240 units of 5 pieces for the image, 50 of 5
    for the label, a joint layer of 240 units of 4 pieces, with dropout of 0.5 on hidden units. The sigmoid is
    part of the loss. Labels may be classes or rows of K numbers. Differences: the norm of the weights is not
    bounded. The paper gives no initial weights; here they are the generator's.

    `(N, C, H, W)` of any shape and labels `(N,)` int64 or `(N, K)` float → `(N,)` float32.

    Raises:
        FactError: the data have no labels.
        FitError: no label was given, or a row is not of length K.
    """

    examples = (
        {"image_units": 8, "label_units": 6, "units": 8, "pieces": 3, "joint_pieces": 2, "classes": 3},
    )
    conditional = True
    classes: int = fact(help="number of classes K, given by the data")
    image_units: int = field(default=240, validator=whole(1), help="units of the image's layer")
    label_units: int = field(default=50, validator=whole(1), help="units of the label's layer")
    units: int = field(default=240, validator=whole(1), help="units of the joint layer")
    pieces: int = field(default=5, validator=whole(1), help="linear pieces of a unit in the first two layers")
    joint_pieces: int = field(
        default=4, validator=whole(1), help="linear pieces of a unit in the joint layer"
    )
    dropout: float = field(
        default=0.5,
        validator=[at_least(0), below(1)],
        help="fraction of the hidden units dropped in training",
        scheduled=False,
    )

    def build(self) -> None:
        """Makes the layers."""
        check_classes(self, "discriminator/maxout")
        self.of_image = Maxout(math.prod(self.image), self.image_units, self.pieces)
        self.of_label = Maxout(self.classes, self.label_units, self.pieces)
        self.joint = Maxout(self.image_units + self.label_units, self.units, self.joint_pieces)
        self.score = nn.Linear(self.units, 1)
        self.dropped = Dropout(self.dropout)
        he_weights(self)

    def forward_features(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → the image's own layer `(N, image_units)`."""
        hidden: Tensor = self.of_image(image.flatten(1))
        return hidden

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """The image's layer and labels → scores `(N,)`."""
        row = one_hot(given_label(self, label, "discriminator/maxout"), self.classes).to(features)  # (N, K)
        hidden = torch.cat([features, self.of_label(row)], dim=1)  # (N, 240 + 50)
        hidden = self.joint(self.dropped(hidden))  # (N, 240)
        scores: Tensor = self.score(self.dropped(hidden))  # (N, 1)
        return scores[:, 0]
