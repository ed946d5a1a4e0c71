"""The generator of the conditional GAN on MNIST: fully connected layers."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from gancore import field, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import at_least, below, whole
from gancore.nn.dropout import Dropout
from gancore.nn.initializers import he_weights
from gancore_cgan.joined import JoinedGenerator


@part("cgan-mlp")
class MLPCGANGenerator(JoinedGenerator):
    """Latent and label each have a hidden layer of their own; both are joined into one, which makes the
    image.

    Paper: Mirza & Osindero 2014, arXiv:1411.1784, section 4.1: rectified layers of 200 units for the latent
    and 1000 for the label, a joint one of 1200, and the image, with dropout of 0.5 on hidden units. The code
    is the latent and the label as conditioner/one-hot joins them; labels may be rows of K numbers.
    Differences: tanh instead of the sigmoid, since images lie in [-1, 1]. The paper gives no initial weights;
    here they preserve the variance (He et al. 2015, arXiv:1502.01852).

    `(N, latent_size + K)` → `(N, C, H, W)` float32 in (-1, 1), for images of any shape.

    Raises:
        FactError: the data have no labels.
    """

    examples = ({"latent_size": 6, "latent_units": 8, "label_units": 6, "units": 12, "classes": 3},)
    latent_units: int = field(default=200, validator=whole(1), help="units of the latent's hidden layer")
    label_units: int = field(default=1000, validator=whole(1), help="units of the label's hidden layer")
    units: int = field(default=1200, validator=whole(1), help="units of the joint hidden layer")
    dropout: float = field(
        default=0.5,
        validator=[at_least(0), below(1)],
        help="fraction of the hidden units dropped in training",
        scheduled=False,
    )

    def build(self) -> None:
        """Makes the layers."""
        super().build()
        self.of_latent = nn.Linear(self.latent_size, self.latent_units)
        self.of_label = nn.Linear(self.classes, self.label_units)
        self.joint = nn.Linear(self.latent_units + self.label_units, self.units)
        self.to_image = nn.Linear(self.units, math.prod(self.image))
        self.dropped = Dropout(self.dropout)
        he_weights(self)

    def code_weights(self) -> list[Tensor]:
        """The two first layers, each of which reads its own half of the code."""
        both = (self.of_latent.weight, self.of_label.weight)
        return [torch.block_diag(*both)]  # type: ignore[no-untyped-call]

    def last_layer(self) -> Tensor:
        """The layer that makes the image."""
        return self.to_image.weight

    def forward(self, code: Tensor) -> Tensor:
        """`(N, latent_size + K)` → `(N, C, H, W)` float32 in (-1, 1)."""
        latent, label = self.halves(code)  # (N, latent_size), (N, K)
        hidden = torch.cat([relu(self.of_latent(latent)), relu(self.of_label(label))], 1)  # (N, 200 + 1000)
        hidden = relu(self.joint(self.dropped(hidden)))  # (N, 1200)
        flat = at_least_float32(self.to_image(self.dropped(hidden)).tanh())  # (N, C·H·W)
        return flat.reshape(len(code), *self.image)  # (N, C, H, W)
