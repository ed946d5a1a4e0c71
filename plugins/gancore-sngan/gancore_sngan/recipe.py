"""The training recipe of SNGAN, and its conditional version."""

from gancore import Discriminator, Generator, Loss, Optimizer, Preset, Seat, TwoPlayerGAN, field, part, seat
from gancore.component.fields import ScheduledInt
from gancore.component.validators import whole
from gancore.standard.losses import Hinge
from gancore.standard.optimizers import Adam
from gancore_sngan.discriminator import SNGANDiscriminator
from gancore_sngan.generator import SNGANGenerator


def published_adam() -> Adam:
    """Adam for residual networks as in arXiv:1802.05957, appendix B.2: learning rate 0.0002, β = (0, 0.9)."""
    return Adam(lr=2e-4, betas=(0.0, 0.9))


@part("sngan")
class SNGAN(TwoPlayerGAN):
    """The two-player game with a spectrally normalized discriminator and the hinge loss.

    Paper: Miyato et al. 2018, arXiv:1802.05957, sections 3 and 4 and appendix B. One step is, in this order:

    1. five times: a new batch, new latents, one update of the discriminator;
    2. one update of the generator, on new latents;
    3. an update of the averaged weights.

    Hinge loss (eq. 16 and 17), batch size 64, Adam with learning rate 0.0002, β₁ = 0, β₂ = 0.9 for both,
    normal latents of dimension 128. Differences: samples come from an exponential average of the generator's
    weights (`average = "no-average"` for the paper's); the power iteration follows each update (the paper's
    algorithm 1: once before it; released code: each forward pass); the paper's learning rate on ImageNet
    falls linearly towards the end, that of its released settings for CIFAR-10 from the beginning
    (`generator_optimizer.schedule = "linear"`), where an update of the generator has 128 images.
    """

    examples = (
        {
            "generator": {"latent_size": 6, "widths": (4, 4, 4)},
            "discriminator": {"widths": (4, 4), "halvings": 1},
            "discriminator_steps": 2,
        },
    )
    generator: Seat[Generator] = seat(default=SNGANGenerator)
    discriminator: Seat[Discriminator] = seat(default=SNGANDiscriminator)
    loss: Seat[Loss] = seat(default=Hinge)
    generator_optimizer: Seat[Optimizer] = seat(default=published_adam)
    discriminator_optimizer: Seat[Optimizer] = seat(default=published_adam)
    discriminator_steps: ScheduledInt = field(
        default=5,
        validator=whole(1),
        help="updates of the discriminator for each one of the generator",
        scheduled=True,
    )


PROJECTION = Preset(
    name="sngan-projection",
    base=SNGAN,
    doc="""SNGAN with labels: class-conditional batch normalization and a projection discriminator.

    Paper: Miyato & Koyama 2018, arXiv:1802.05637, section 5 and appendix A: hinge loss, five updates of the
    discriminator, Adam as recipe/sngan. Generated images get labels drawn as they occur in the data.
    Differences are those of recipe/sngan.
    """,
    options={
        "generator": {"part": "gancore-sngan:sngan-labels"},
        "discriminator": {"part": "gancore-sngan:sngan-labels"},
        "conditioner": "gancore:one-hot",
    },
)
