"""Networks with batch normalization, in a module that the second process of the kit imports, too."""

from small import SmallDiscriminator, SmallGenerator, know_small_parts
from torch import nn

from gancore.component.part import part
from gancore.nn.batch_norm import SyncBatchNorm2d
from gancore.recipes.gan import TwoPlayerGAN

know_small_parts()


@part("normalized", tags=["batch"])
class NormalizedGenerator(SmallGenerator):
    """Plain batch normalization."""

    layer = nn.BatchNorm2d

    def build(self):
        super().build()
        self.norm = self.layer(self.image[0])

    def forward(self, code):
        return self.norm(super().forward(code) * 3 + 1)


@part("normalized", tags=["batch"])
class NormalizedDiscriminator(SmallDiscriminator):
    """Plain batch normalization."""

    layer = nn.BatchNorm2d

    def build(self):
        super().build()
        self.norm = self.layer(self.image[0])

    def forward_features(self, image):
        return super().forward_features(self.norm(image * 2 - 1))


@part("synchronized", tags=["batch"])
class SynchronizedGenerator(NormalizedGenerator):
    """Over all processes."""

    layer = SyncBatchNorm2d


@part("synchronized", tags=["batch"])
class SynchronizedDiscriminator(NormalizedDiscriminator):
    """Over all processes."""

    layer = SyncBatchNorm2d


@part("normalized-game")
class NormalizedGame(TwoPlayerGAN):
    """The two-player game with them."""
