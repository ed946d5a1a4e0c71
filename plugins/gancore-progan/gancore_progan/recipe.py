"""The training recipe of ProGAN, growing and of a fixed size, and the released settings for eight GPUs."""

import math

from gancore import (
    Average,
    Discriminator,
    DiscriminatorRegularizer,
    Generator,
    Loss,
    Optimizer,
    Preset,
    Sampler,
    Seat,
    Seats,
    TwoPlayerGAN,
    field,
    part,
    seat,
)
from gancore.component.validators import whole
from gancore.recipes.growing import GrowingGAN, by_size
from gancore.standard.averages import ExponentialAverage
from gancore.standard.losses import Wasserstein
from gancore.standard.optimizers import Adam
from gancore.standard.regularizers import Drift, GradientPenalty
from gancore.standard.samplers import Sphere
from gancore_progan.discriminator import FixedProGANDiscriminator, ProGANDiscriminator
from gancore_progan.generator import FixedProGANGenerator, ProGANGenerator

__all__ = ["RELEASED", "FixedProGAN", "ProGAN"]

BATCH = 16


def adam() -> Adam:
    """Adam as in appendix A.1: learning rate 0.001, β = (0, 0.99), ε = 1e-8."""
    return Adam(lr=0.001, betas=(0.0, 0.99), eps=1e-8)


def average() -> ExponentialAverage:
    """A decay of 0.999 for each batch of 16 images, from the first step on (appendix A.1)."""
    return ExponentialAverage(half_life=BATCH * math.log(0.5) / math.log(0.999), ramp_up=math.inf)


@part("progan-fixed")
class FixedProGAN(TwoPlayerGAN):
    """ProGAN's networks and loss at the full size from the start.

    Paper: Karras et al. 2017, arXiv:1710.10196, section 4 and appendix A.1, without section 2. One step is,
    in this order:

    1. one update of the discriminator by the Wasserstein loss, the gradient penalty and the drift of its
       output on real images, on a new batch and new latents;
    2. one update of the generator, on new latents;
    3. an update of the averaged weights.

    λ = 10, ε_drift = 0.001, Adam with learning rate 0.001, β = (0, 0.99), ε = 1e-8, no decay; latents on the
    hypersphere; batch 16; the average keeps 0.999 of itself for each batch of 16 images.
    """

    examples = (
        {
            "generator": {"latent_size": 5, "widths": (8, 8, 4)},
            "discriminator": {"widths": (8, 8, 4), "group": 2},
        },
    )
    generator: Seat[Generator] = seat(default=FixedProGANGenerator)
    discriminator: Seat[Discriminator] = seat(default=FixedProGANDiscriminator)
    sampler: Seat[Sampler] = seat(default=Sphere)
    loss: Seat[Loss] = seat(default=Wasserstein)
    regularizers: Seats[DiscriminatorRegularizer] = seat(default=(GradientPenalty, Drift))
    average: Seat[Average] = seat(default=average)
    generator_optimizer: Seat[Optimizer] = seat(default=adam)
    discriminator_optimizer: Seat[Optimizer] = seat(default=adam)
    batch: int = field(default=BATCH, validator=whole(1), help="batch size, unless the run sets one")


@part("progan")
class ProGAN(GrowingGAN, FixedProGAN):
    """Progressive growing: trained on 4×4 images first, then doubled again and again, fading in each size.

    Paper: Karras et al. 2017, arXiv:1710.10196, sections 2 to 4 and appendix A.1. One step is, in this order:

    1. the stage moves on with the number of images seen, and with it the batch size;
    2. one update of the discriminator by the Wasserstein loss, the gradient penalty and the drift of its
       output, on real images with the detail of that stage;
    3. one update of the generator, on new latents;
    4. an update of the averaged weights.

    Each size is trained for 800,000 images, then the next one fades in over 800,000; batches are of 16 images
    up to 128×128, 14 at 256×256, 6 at 512×512 and 3 at 1024×1024, and the learning rate is the same at all
    sizes. Preset `progan-released` has the settings of the released code. Loss, penalties, optimizers and
    average are those of `recipe/progan-fixed`. The penalty is computed at the full size, as in the released
    code: see `gancore.nn.growing`. The average keeps 0.999 of itself for each 16 images, in the paper for
    each batch. For how short trainings differ, see `recipe/growing`.
    """

    examples = FixedProGAN.examples
    generator: Seat[Generator] = seat(default=ProGANGenerator)
    discriminator: Seat[Discriminator] = seat(default=ProGANDiscriminator)
    stabilize: int = field(
        default=800_000,
        validator=whole(0),
        help="images for which a size is trained before the next one fades in",
    )
    fade: int = field(default=800_000, validator=whole(0), help="images over which a size fades in")
    batch: int = field(
        default=BATCH, validator=whole(1), help="batch size at the smallest size, 4×4; see `batches`"
    )
    batches: tuple[tuple[int, int], ...] = by_size(
        ((256, 14), (512, 6), (1024, 3)), help="batch sizes from these sizes on"
    )


RELEASED = Preset(
    name="progan-released",
    base=ProGAN,
    doc="""ProGAN with the settings of the released code for eight GPUs: 600,000 images for each size and for
    each fade, batches from 512 at 4×4 to 32 from 64×64 on, learning rates from 0.001 to 0.003.

    Paper: Karras et al. 2017, arXiv:1710.10196; settings of tkarras/progressive_growing_of_gans. Settings
    otherwise as recipe/progan.
    """,
    options={
        "stabilize": 600_000,
        "fade": 600_000,
        "batch": 512,
        "batches": [[8, 256], [16, 128], [32, 64], [64, 32]],
        "rates": [[128, 1.5], [256, 2.0], [512, 3.0]],
    },
)
