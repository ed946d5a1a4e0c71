"""Networks with spectral normalization, in a module that the second process of the kit imports, too."""

from small import SmallGenerator, know_small_parts
from torch import nn

from gancore.component.discovery import registry
from gancore.component.interfaces import Discriminator
from gancore.component.part import field, part, seat
from gancore.nn.spectral_norm import SpectralConv2d, SpectralLinear
from gancore.recipes.gan import TwoPlayerGAN


@part("spectral")
class SpectralDiscriminator(Discriminator):
    """Two layers, smooth."""

    examples = ({"width": 3}, {"width": 2, "iterations": 2})
    width: int = field(default=3, help="channels")
    iterations: int = field(default=1, help="of the power method")

    def build(self):
        self.conv = SpectralConv2d(self.image[0], self.width, 3, iterations=self.iterations)
        self.last = SpectralLinear(self.width, 1, iterations=self.iterations)

    def forward_features(self, image):
        return nn.functional.softplus(self.conv(image)).mean((2, 3))

    def forward_head(self, features, label=None):
        return self.last(features)[:, 0]


@part("spectral-pair")
class Pair(Discriminator):
    """One in the seat of another, and a layer under two names."""

    inner: Discriminator = seat(default=SpectralDiscriminator)

    def facts(self, seat):
        return {"image": self.image}

    def build(self):
        self.last = SpectralLinear(3, 2)
        self.twin = self.last

    def forward_features(self, image):
        return self.inner.features(image)

    def forward_head(self, features, label=None):
        return self.twin(features).sum(1)


@part("spectral-game")
class SpectralGame(TwoPlayerGAN):
    """The two-player game, with a penalty of its own update."""

    examples = (
        {
            "generator": SmallGenerator,
            "discriminator": SpectralDiscriminator,
            "regularizers": [{"part": "r1", "every": 2}],
        },
    )


def know_spectral_parts():
    """Offers them under the name of a plugin, once."""
    know_small_parts()
    if not any(o.distribution == "gancore-spectral" for o in registry().registrations()):
        registry().add("gancore-spectral", [SpectralDiscriminator, SpectralGame])
