"""Fully connected encoder and decoder."""

import math
from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from gancore.component.interfaces import Encoder, Shape
from gancore.component.part import fact, field, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import as_tuple, one_of, sizes, whole
from gancore.nn.initializers import he_weights, xavier_weights
from gancore.nn.logit_decoder import LogitDecoder
from gancore_autoencoder.activations import ACTIVATION, CODE_ACTIVATIONS, HIDDEN_ACTIVATIONS, activated

_WIDTHS = "hidden units, layer by layer"
_HIDDEN = "nonlinearity of the hidden layers: relu, sigmoid or tanh"


@part("autoencoder-mlp")
class MLPEncoder(Encoder):
    """Linear layers with a nonlinearity after each, the last one to the code; images are read as [0, 1].

    Without hidden layers and with sigmoid codes it is the encoder s(Wx + b) of Vincent et al. 2008
    (Extracting and composing robust features with denoising autoencoders) and Rifai et al. 2011 (Contractive
    auto-encoders); difference: the decoder has weights of its own, where theirs may be tied to Wᵀ.

    Image `(N, C, H, W)` → code `(N, *latent)` float32.
    """

    examples = ({"widths": (8, 6)}, {"widths": (), "activation": "sigmoid"})

    widths: tuple[int, ...] = field(
        default=(512, 256),
        converter=as_tuple,
        validator=sizes(none=True),
        help=_WIDTHS,
    )
    hidden: str = field(default="relu", validator=one_of(*HIDDEN_ACTIVATIONS), help=_HIDDEN)
    activation: str = field(default="linear", validator=one_of(*CODE_ACTIVATIONS), help=ACTIVATION)
    latent: Shape = fact(default=None, help="shape of one code, given by the generator")

    def build(self) -> None:
        """Makes the layers."""
        self.layers = _stack([math.prod(self.image), *self.widths, math.prod(self.latent)], self.hidden)

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, C, H, W)` → `(N, *latent)`."""
        x = (image.reshape(len(image), -1) + 1) / 2  # (N, C·H·W) in [0, 1]
        code = at_least_float32(_through(self.layers, self.hidden, x))  # (N, d)
        return activated(self.activation, code).reshape(-1, *self.latent)


@part("autoencoder-mlp")
class MLPGenerator(LogitDecoder):
    """Linear layers with a nonlinearity between them, the last one to the logits of the image.

    Code `(N, latent)` → image `(N, C, H, W)` in [-1, 1].
    """

    examples = ({"widths": (6, 8), "latent": 4}, {"widths": (), "latent": 4})

    latent: int = field(default=64, validator=whole(1), help="length of the code")
    widths: tuple[int, ...] = field(
        default=(256, 512),
        converter=as_tuple,
        validator=sizes(none=True),
        help=_WIDTHS,
    )
    hidden: str = field(default="relu", validator=one_of(*HIDDEN_ACTIVATIONS), help=_HIDDEN)

    @property
    def code_shape(self) -> Shape:
        """`(latent,)`."""
        return (self.latent,)

    def code_weights(self) -> list[Tensor]:
        """The first layer."""
        return [self.layers.get_submodule("0").get_parameter("weight")]

    def last_layer(self) -> Tensor:
        """The last layer."""
        return self.layers.get_submodule(str(len(self.layers) - 1)).get_parameter("weight")

    def build(self) -> None:
        """Makes the layers."""
        self.layers = _stack([self.latent, *self.widths, math.prod(self.image)], self.hidden)

    def logits(self, code: Tensor) -> Tensor:
        """`(N, latent)` → `(N, C, H, W)`."""
        flat = at_least_float32(_through(self.layers, self.hidden, code))  # (N, C·H·W)
        return flat.reshape(-1, *self.image)  # (N, C, H, W)


def _stack(units: Sequence[int], hidden: str) -> nn.ModuleList:
    layers = nn.ModuleList(nn.Linear(before, after) for before, after in pairwise(units))
    (he_weights if hidden == "relu" else xavier_weights)(layers)
    return layers


def _through(layers: nn.ModuleList, hidden: str, x: Tensor) -> Tensor:
    """All layers, with the nonlinearity between them."""
    for i, layer in enumerate(layers):
        x = layer(activated(hidden, x) if i else x)
    return x
