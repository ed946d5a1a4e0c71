"""The networks of AC-GAN."""

from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn

from gancore import Discriminator, field, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import at_least, below, whole
from gancore.nn.dropout import Dropout
from gancore.nn.initializers import normal_weights
from gancore.nn.pyramid import doubling_widths, doublings, smallest_map
from gancore_cgan.joined import JoinedGenerator


@part("acgan", tags=["batch"])
class ACGANGenerator(JoinedGenerator):
    """Latent and label are mapped to a small map, which fractionally strided 5×5 convolutions enlarge.

    Paper: Odena et al. 2017, arXiv:1610.09585, appendix A, table 2 (CIFAR-10): a linear layer to 384 channels
    and ReLU, then 192 and 96 channels with batch normalization and ReLU, and the image with tanh; weights
    N(0, 0.02). Other sizes than 32×32 have fewer or more doublings, each of half the channels, at least 1.

    `(N, latent_size + K)` → `(N, C, H, W)` float32 in (-1, 1).

    Raises:
        FactError: the data have no labels, or the sides are not those of a map with a shorter side of 4 to 7,
            times a power of two, at least 2.
    """

    examples = ({"width": 8, "latent_size": 6, "classes": 3},)
    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    width: int = field(default=384, validator=whole(1), help="channels of the smallest map")

    def build(self) -> None:
        """Makes the linear layer, and one transposed convolution for each doubling."""
        super().build()
        count = doublings(self.image, self.qualified_name, least=1)
        widths = [max(1, self.width >> i) for i in range(count)]
        self.small = (widths[0], *smallest_map(self.image, self.qualified_name))
        self.start = nn.Linear(self.latent_size + self.classes, widths[0] * self.small[1] * self.small[2])
        layers: list[nn.Module] = []
        for before, after in pairwise([*widths, self.image[0]]):
            layers += [nn.ConvTranspose2d(before, after, 5, 2, 2, 1), nn.BatchNorm2d(after), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-2], nn.Tanh())
        normal_weights(self)

    def code_weights(self) -> list[Tensor]:
        """The linear layer to the smallest map."""
        return [self.start.weight]

    def last_layer(self) -> Tensor:
        """The last transposed convolution."""
        return self.layers.get_submodule(str(len(self.layers) - 2)).get_parameter("weight")

    def forward(self, code: Tensor) -> Tensor:
        """`(N, latent_size + K)` → `(N, C, H, W)` float32 in (-1, 1)."""
        x = self.start(code).relu().unflatten(1, self.small)  # (N, 384, 4, 4) at 32×32
        return at_least_float32(self.layers(x))  # (N, C, H, W)


@part("acgan", tags=["batch"])
class ACGANDiscriminator(Discriminator):
    """3×3 convolutions of stride 2 and 1 in turn, with dropout; a linear layer scores the last map. It reads
    no labels: auxiliary/acgan classifies its features.

    Paper: Odena et al. 2017, arXiv:1610.09585, appendix A, table 2 (CIFAR-10): 16, 32, 64, 128, 256 and 512
    channels, leaky ReLU of slope 0.2, dropout of 0.5, batch normalization in all but the first and the last
    layer, weights N(0, 0.02); the sigmoid is part of the loss. The features are the last map, from which the
    paper's single linear layer computes score and classes. Other sizes than 32×32 have fewer or more pairs of
    convolutions, none wider than 32 × `width`. Difference: no noise is added to activations, one of the
    paper's settings.

    `(N, C, H, W)` → `(N,)` float32.

    Raises:
        FactError: the sides are as generator/acgan refuses them.
    """

    examples = ({"width": 4},)
    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    width: int = field(default=16, validator=whole(1), help="channels of the largest map")
    slope: float = field(default=0.2, validator=at_least(0), help="slope of the leaky ReLU below zero")
    dropout: float = field(
        default=0.5,
        validator=[at_least(0), below(1)],
        help="fraction of the values of each map dropped in training",
        scheduled=False,
    )

    def build(self) -> None:
        """Makes a pair of convolutions for each halving, and the score."""
        widths = doubling_widths(self.width, 2 * doublings(self.image, self.qualified_name, least=1), most=32)
        layers: list[nn.Module] = []
        for i, (before, after) in enumerate(pairwise([self.image[0], *widths])):
            norm = [nn.BatchNorm2d(after)] if i else []
            layers += [nn.Conv2d(before, after, 3, 2 - i % 2, 1), *norm, nn.LeakyReLU(self.slope)]
            layers += [Dropout(self.dropout)]
        self.layers = nn.Sequential(*layers)
        height, width = smallest_map(self.image, self.qualified_name)
        self.score = nn.Linear(widths[-1] * height * width, 1)
        normal_weights(self)

    def forward_features(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → the last map, `(N, 512, 4, 4)` at 32×32."""
        features: Tensor = self.layers(image)
        return features

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """The last map → scores `(N,)`."""
        scores: Tensor = self.score(features.flatten(1))  # (N, 1)
        return scores[:, 0]
