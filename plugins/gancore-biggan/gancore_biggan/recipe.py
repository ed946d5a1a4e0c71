"""The training recipe of BigGAN, and its presets."""

import math

from gancore import (
    Average,
    Conditioner,
    Discriminator,
    Generator,
    GeneratorRegularizer,
    Loss,
    Optimizer,
    Preset,
    Seat,
    Seats,
    TwoPlayerGAN,
    field,
    part,
    seat,
)
from gancore.component.fields import ScheduledInt
from gancore.component.validators import whole
from gancore.standard.averages import ExponentialAverage
from gancore.standard.conditioners import Embedding
from gancore.standard.losses import Hinge
from gancore.standard.optimizers import Adam
from gancore.standard.orthogonal import OrthogonalGenerator
from gancore.standard.schedules import Piecewise
from gancore_biggan.discriminator import BigGANDiscriminator
from gancore_biggan.generator import BigGANGenerator

DECAY = 0.9999
"""What the average keeps of itself in each step."""


def points(start: int, images: int) -> tuple[tuple[int, float], tuple[int, float]]:
    """The half-life of the average, for steps of so many images: 0 before step `start`, then that of
    `DECAY`.
    """
    return (0, 0.0), (start * images, round(images * math.log(0.5) / math.log(DECAY), 1))


def embedding() -> Embedding:
    """A shared class embedding of 128 numbers."""
    return Embedding(size=128)  # type: ignore[call-arg]


def average() -> ExponentialAverage:
    """Keeps 0.9999 of itself in each step from step 20,000 on, where a step has two batches of 2048."""
    half_life = Piecewise(points=points(20_000, 2 * 2048), between="constant")
    return ExponentialAverage(half_life=half_life, ramp_up=math.inf)


def generator_adam() -> Adam:
    """Learning rate 5e-5, β₁ = 0, β₂ = 0.999, ε = 1e-6."""
    return Adam(lr=5e-5, betas=(0.0, 0.999), eps=1e-6)


def discriminator_adam() -> Adam:
    """Learning rate 2e-4, β₁ = 0, β₂ = 0.999, ε = 1e-6."""
    return Adam(lr=2e-4, betas=(0.0, 0.999), eps=1e-6)


@part("biggan")
class BigGAN(TwoPlayerGAN):
    """The class-conditional game in large batches: shared class embedding, latents in chunks, self-attention,
    spectral normalization of both players, orthogonal regularization.

    Paper: Brock et al. 2018, arXiv:1809.11096, with its hyperparameters. One step is, in this order:

    1. twice: a new batch, new latents, one update of the discriminator;
    2. one update of the generator by the hinge loss and the orthogonal penalty (β = 1e-4), on new
       latents;
    3. an update of the averaged weights: before step 20,000 they follow, then they keep 0.9999 of themselves.

    Batch 2048, Adam with learning rate 5e-5 for the generator, 2e-4 for the discriminator, β₁ = 0, β₂ =
    0.999; its ε = 1e-6 and the step 20,000 are those of the released code. Images are drawn with standing
    statistics of batch normalization, from latents N(0, 1), which `sample --threshold` truncates. The
    average's half-life is counted in images, so other batch sizes and shorter trainings need another
    `average.half_life`. Differences: the class embedding is initialized N(0, 1), not orthogonally; generated
    images get labels as they occur in the data; the power iteration follows each update (released code: each
    forward pass).
    """

    examples = (
        {
            "generator": {"latent_size": 6, "embedding_size": 3, "widths": (4, 4, 4)},
            "discriminator": {"widths": (4, 4), "halvings": 1},
            "conditioner": {"part": "embedding", "size": 3},
            "classes": 3,
        },
    )
    generator: Seat[Generator] = seat(default=BigGANGenerator)
    discriminator: Seat[Discriminator] = seat(default=BigGANDiscriminator)
    conditioner: Seat[Conditioner] = seat(default=embedding)
    loss: Seat[Loss] = seat(default=Hinge)
    generator_regularizers: Seats[GeneratorRegularizer] = seat(default=(OrthogonalGenerator,))
    average: Seat[Average] = seat(default=average)
    generator_optimizer: Seat[Optimizer] = seat(default=generator_adam)
    discriminator_optimizer: Seat[Optimizer] = seat(default=discriminator_adam)
    discriminator_steps: ScheduledInt = field(
        default=2,
        validator=whole(1),
        help="updates of the discriminator for each one of the generator",
        scheduled=True,
    )
    batch: int = field(default=2048, validator=whole(1), help="batch size, where the run is given none")


DEEP = Preset(
    name="biggan-deep",
    base=BigGAN,
    doc="""BigGAN-deep: bottleneck blocks, two for each size, that read the whole latent and the class.

    Paper: Brock et al. 2018, arXiv:1809.11096, appendix B, tables 7 to 9: latents of dimension 128, width
    128. Settings for 128×128 as recipe/biggan; for 256×256 and 512×512 the paper has a learning rate of
    2.5e-5 for both players.
    """,
    options={
        "generator": {"part": "gancore-biggan:biggan-deep", "latent_size": 128, "width": 128},
        "discriminator": {"part": "gancore-biggan:biggan-deep", "width": 128},
    },
)

ADAM = {"lr": 2e-4, "eps": 1e-8}
CIFAR = Preset(
    name="biggan-cifar",
    base=BigGAN,
    doc="""BigGAN for images of 32×32 and few classes, as released for CIFAR-10: width 64, latents of
    dimension 128 without hierarchy, a table of classes in each batch normalization, no attention.

    Paper: Brock et al. 2018, arXiv:1809.11096, its CIFAR-10 model. Settings are those of the released code:
    batch 50, four updates of the discriminator, learning rate 2e-4 and ε = 1e-8 for both, no orthogonal
    penalty, the average from step 1000 on. Difference: weights are initialized orthogonally, not N(0, 0.02).
    """,
    options={
        "generator": {"part": "gancore-biggan:biggan-tables", "latent_size": 128, "width": 64},
        "discriminator": {"width": 64},
        "conditioner": "gancore:one-hot",
        "generator_regularizers": [],
        "average": {
            "half_life": {
                "part": "piecewise",
                "points": [list(point) for point in points(1000, 4 * 50)],
                "between": "constant",
            }
        },
        "generator_optimizer": ADAM,
        "discriminator_optimizer": ADAM,
        "discriminator_steps": 4,
        "batch": 50,
    },
)
