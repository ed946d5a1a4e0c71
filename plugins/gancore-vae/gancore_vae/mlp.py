"""The paper's decoder and encoder, fully connected networks with one hidden layer each."""

import math

from torch import Tensor, nn

from gancore.component.interfaces import Shape
from gancore.component.part import field, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import above, whole
from gancore_vae.networks import Decoder, GaussianEncoder

_WIDTH = "hidden units: 500 for MNIST in the paper, 200 for Frey Face"
_DEVIATION = "standard deviation of the initial weights and biases"


@part("mlp-decoder")
class MLPDecoder(Decoder):
    """The Bernoulli MLP: logits = W2 tanh(W1 z + b1) + b2.

    Paper: Kingma & Welling 2013, arXiv:1312.6114, appendix C.1, eq. 11 and 12. Under a Gaussian likelihood
    the sigmoid keeps the mean within the range of the data, as in section 5 for Frey Face; the variance
    belongs to the likelihood, where C.2 computes it from the hidden layer. Section 5 draws initial weights
    from N(0, 0.01); 0.01 is taken as the standard deviation.

    Code `(N, latent)` → image `(N, C, H, W)` in [-1, 1].
    """

    examples = ({"width": 8, "latent": 4},)

    latent: int = field(default=20, validator=whole(1), help="length of the code; the paper tries 2 to 200")
    width: int = field(default=500, validator=whole(1), help=_WIDTH)
    deviation: float = field(default=0.01, validator=above(0), help=_DEVIATION)

    @property
    def code_shape(self) -> Shape:
        """`(latent,)`."""
        return (self.latent,)

    def code_weights(self) -> list[Tensor]:
        """The first layer."""
        return [self.network.get_submodule("0").get_parameter("weight")]

    def last_layer(self) -> Tensor:
        """The second layer."""
        return self.network.get_submodule("2").get_parameter("weight")

    def build(self) -> None:
        """Makes the two linear layers."""
        self.network = nn.Sequential(
            nn.Linear(self.latent, self.width), nn.Tanh(), nn.Linear(self.width, math.prod(self.image))
        )
        _initialize(self.network, self.deviation)

    def logits(self, code: Tensor) -> Tensor:
        """`(N, latent)` → `(N, C, H, W)`."""
        flat = at_least_float32(self.network(code))  # logits of y in appendix C.1, (N, C·H·W)
        return flat.reshape(-1, *self.image)  # (N, C, H, W)


@part("mlp-encoder")
class MLPEncoder(GaussianEncoder):
    """The Gaussian MLP: h = tanh(W3 x + b3), mean = W4 h + b4, log-variance = W5 h + b5, x in [0, 1].

    Paper: Kingma & Welling 2013, arXiv:1312.6114, appendix C.2, with x and z swapped, as stated there for
    encoders.
    """

    examples = ({"width": 8},)

    width: int = field(default=500, validator=whole(1), help=_WIDTH)
    deviation: float = field(default=0.01, validator=above(0), help=_DEVIATION)

    def build(self) -> None:
        """Makes a hidden layer, and one for mean and log-variance together."""
        size = math.prod(self.latent)
        self.network = nn.Sequential(
            nn.Linear(math.prod(self.image), self.width), nn.Tanh(), nn.Linear(self.width, 2 * size)
        )
        _initialize(self.network, self.deviation)

    def moments(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """`(N, C, H, W)` → mean and log-variance `(N, d)`."""
        flat = (image.reshape(len(image), -1) + 1) / 2  # (N, C·H·W) in [0, 1]
        mean, log_variance = self.network(flat).chunk(2, 1)  # (N, 2d) → (N, d), (N, d)
        return mean, log_variance


def _initialize(network: nn.Module, deviation: float) -> None:
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=deviation)
