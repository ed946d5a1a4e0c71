"""The training recipe of SAGAN, and its conditional version."""

from gancore import Discriminator, Generator, Loss, Optimizer, Preset, Seat, TwoPlayerGAN, field, part, seat
from gancore.component.validators import whole
from gancore.standard.losses import Hinge
from gancore.standard.optimizers import Adam
from gancore_sagan.discriminator import SAGANDiscriminator
from gancore_sagan.generator import SAGANGenerator


def slow() -> Adam:
    """The generator's: learning rate 1e-4, β₁ = 0, β₂ = 0.9."""
    return Adam(lr=1e-4, betas=(0.0, 0.9))


def fast() -> Adam:
    """The discriminator's: learning rate 4e-4, β₁ = 0, β₂ = 0.9."""
    return Adam(lr=4e-4, betas=(0.0, 0.9))


@part("sagan")
class SAGAN(TwoPlayerGAN):
    """The two-player game with self-attention, spectral normalization in both networks, and two time scales.

    Paper: Zhang et al. 2018 (SAGAN), arXiv:1805.08318, sections 3 to 5. One step is, in this order:

    1. one update of the discriminator, on a new batch and new latents;
    2. one update of the generator, on new latents;
    3. an update of the averaged weights.

    Hinge loss, Adam with β₁ = 0 and β₂ = 0.9, learning rate 1e-4 for the generator and 4e-4 for the
    discriminator (Heusel et al. 2017, arXiv:1706.08500), normal latents of dimension 128; the batch size of
    256 is that of the released code. Differences: samples come from an exponential average of the generator's
    weights (`average = "no-average"` for the paper's); the paper's experiments are all conditional
    (recipe/sagan-labels).
    """

    examples = (
        {
            "generator": {"latent_size": 6, "widths": (4, 4, 4)},
            "discriminator": {"widths": (4, 4), "halvings": 1},
        },
    )
    generator: Seat[Generator] = seat(default=SAGANGenerator)
    discriminator: Seat[Discriminator] = seat(default=SAGANDiscriminator)
    loss: Seat[Loss] = seat(default=Hinge)
    generator_optimizer: Seat[Optimizer] = seat(default=slow)
    discriminator_optimizer: Seat[Optimizer] = seat(default=fast)
    batch: int = field(default=256, validator=whole(1), help="batch size, unless the run sets one")


LABELS = Preset(
    name="sagan-labels",
    base=SAGAN,
    doc="""SAGAN with labels: class-conditional batch normalization and a projection discriminator.

    Paper: Zhang et al. 2018, arXiv:1805.08318, section 5. Generated images get labels drawn as they occur in
    the data. Differences are those of recipe/sagan.
    """,
    options={
        "generator": {"part": "gancore-sagan:sagan-labels"},
        "discriminator": {"part": "gancore-sagan:sagan-labels"},
        "conditioner": "gancore:one-hot",
    },
)
