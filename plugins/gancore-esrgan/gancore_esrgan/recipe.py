"""The recipe of ESRGAN, and what that of Real-ESRGAN shares with it."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from gancore.component.distance import Distance
from gancore.component.interfaces import Discriminator, Generator, Loss, Optimizer, Terms
from gancore.component.part import Seat, field, interface, part, seat
from gancore.component.validators import at_least, whole
from gancore.recipes.paired import PairedGAN
from gancore.standard.losses import RelativisticAverage
from gancore.standard.optimizers import Adam
from gancore.standard.schedules import Piecewise
from gancore_esrgan.feature_distance import FeatureL1
from gancore_esrgan.rrdb import RRDBNet
from gancore_esrgan.srgan import SRGANDiscriminator

__all__ = ["ESRGAN", "Enlarging", "halving", "small_networks"]

small_networks: Mapping[str, Any] = {
    "generator": {"part": "gancore-esrgan:rrdb", "width": 4, "growth": 2, "blocks": 1},
    "perceptual": {"part": "gancore-esrgan:feature-l1", "extractor": {"part": "pixels", "size": 4}},
    "batch": 4,
}
"""What the examples of recipes share."""


def halving(*images: int) -> Piecewise:
    """A factor on the learning rate that is halved after each of these counts of images."""
    points = ((0, 1.0), *((count, 0.5 ** (i + 1)) for i, count in enumerate(images)))
    return Piecewise(points=points, between="constant")


def _adam() -> Adam:
    steps = (50_000, 100_000, 200_000, 300_000)
    return Adam(lr=1e-4, betas=(0.9, 0.999), schedule=halving(*(16 * step for step in steps)))


@interface("recipe")
class Enlarging(PairedGAN):
    """A recipe of pairs for images that become larger: the discriminator reads them alone, and the weight of
    the pixels is that of images in [0, 1].
    """

    generator: Seat[Generator] = seat(default=RRDBNet)
    perceptual: Seat[Distance | None] = seat(default=FeatureL1, help="a second distance, of features")
    reads_source: bool = field(
        default=False, help="whether the discriminator reads the source beside the image, of equal size"
    )

    def pixel_distance(self, made: Tensor, target: Tensor) -> Terms:
        """The weighted distance of pixels, halved, as |x - y| is where images are in [0, 1]."""
        return {name: term / 2 for name, term in super().pixel_distance(made, target).items()}


@part("esrgan")
class ESRGAN(Enlarging):
    """A translator learns to enlarge images, by their features, their pixels and a discriminator that
    compares them with the average of the other kind.

    Paper: Wang et al. 2018, arXiv:1809.00219, sections 3.2 and 3.3, eq. 1 to 3: the generator minimizes

        perceptual(G(x), y) + λ relativistic average loss + η E |G(x) - y|,  λ = 0.005, η = 0.01

    `adversarial` is λ, `pixel_weight` η, for images in [0, 1] as in the released code. Batch 16; Adam with
    β₁ = 0.9, β₂ = 0.999 and a learning rate of 1e-4, halved after 50,000, 100,000, 200,000 and 300,000 steps
    (section 4.1), here counted in images. It starts from a generator that was trained by pixels alone
    (`recipe/esrnet`), whose weights `--init` takes. One step is that of `recipe/paired`.

    Differences: the released code updates the generator first; features are those of an extractor that comes
    with gancore, since VGG19's weights do not; with a file of them, `extractor/vgg19` has the paper's; see
    `distance/feature-l1`.

    Raises:
        FitError: the parts do not fit in shape; the discriminator reads the source, but the sizes of source
            and target differ; a part reads labels; nothing is minimized.
    """

    examples = tuple(
        {
            **small_networks,
            "discriminator": {"part": "gancore-esrgan:unet-sn", "width": 2},
            "loss": loss,
            "source": (3, 4, 4),
            "image": (3, 16, 16),
        }
        for loss in ("relativistic-average", "non-saturating")
    )

    discriminator: Seat[Discriminator] = seat(default=SRGANDiscriminator)
    loss: Seat[Loss] = seat(default=RelativisticAverage)
    adversarial: float = field(
        default=5e-3, validator=at_least(0), help="weight of the generator's adversarial loss, the paper's λ"
    )
    pixel_weight: float = field(
        default=1e-2, validator=at_least(0), help="weight of `pixel` for images in [0, 1], the paper's η"
    )
    batch: int = field(default=16, validator=whole(1), help="batch size, unless the run sets one")
    generator_optimizer: Seat[Optimizer] = seat(default=_adam)
    discriminator_optimizer: Seat[Optimizer] = seat(default=_adam)
