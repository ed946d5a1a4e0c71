"""The training recipe of R3GAN, and the released presets."""

import math
from typing import Any

from gancore import (
    Augment,
    Average,
    Discriminator,
    DiscriminatorRegularizer,
    Generator,
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
from gancore.component.interfaces import ImageShape
from gancore.component.validators import whole
from gancore.nn.pyramid import doublings
from gancore.standard.ada import ADAFixed
from gancore.standard.averages import ExponentialAverage
from gancore.standard.losses import RelativisticPairing
from gancore.standard.optimizers import Adam
from gancore.standard.regularizers import R1, R2
from gancore.standard.schedules import Cosine
from gancore_r3gan.discriminator import R3GANDiscriminator
from gancore_r3gan.generator import R3GANGenerator

MILLION = 1_000_000
COLORS = dict.fromkeys(("brightness", "contrast", "luma-flip", "hue", "saturation"), 0.5)


def ramp(start: float, end: float, over: int = 20 * MILLION) -> Any:
    """Half a cosine from the first value to the second over so many images, then constant."""
    return Cosine(start=start, end=end, over=over)


def r1() -> R1:
    """γ from 0.05 to 0.005, as for CIFAR-10."""
    return R1(gamma=ramp(0.05, 0.005))


def r2() -> R2:
    """γ from 0.05 to 0.005, as for CIFAR-10."""
    return R2(gamma=ramp(0.05, 0.005))


def adam() -> Adam:
    """Learning rate from 2e-4 to 5e-5, β₁ = 0, β₂ from 0.9 to 0.99, ε = 1e-8."""
    return Adam(lr=2e-4, betas=(0.0, ramp(0.9, 0.99)), eps=1e-8, schedule=ramp(1.0, 0.25))


def average() -> ExponentialAverage:
    """A half-life from 0 to 5 million images, as for CIFAR-10."""
    return ExponentialAverage(half_life=ramp(0.0, 5.0 * MILLION), ramp_up=math.inf)


def augment() -> ADAFixed:
    """Blitting, geometry and cutout with a probability from 0 to 0.55, as for CIFAR-10, and colors with half
    of it.
    """
    return ADAFixed(p=ramp(0.0, 0.55), categories="bgc", multipliers={**COLORS, "cutout": 1.0})


@part("r3gan")
class R3GAN(TwoPlayerGAN):
    """The relativistic pairing game with R1 and R2 in each step, and ResNets without normalization.

    Paper: Huang et al. 2024 (R3GAN), arXiv:2501.05441, sections 2 and 3 and appendix D. One step is, in this
    order:

    1. one update of the discriminator by the relativistic pairing loss and by R1 and R2 with the same γ, on a
       new batch, each generated image beside a real one, with its label;
    2. one update of the generator by the relativistic pairing loss, on the same real images;
    3. an update of the averaged weights.

    Settings are the released ones for CIFAR-10: batch 512; over 20 million images, each along half a cosine,
    the learning rate goes from 2e-4 to 5e-5, β₂ from 0.9 to 0.99, γ from 0.05 to 0.005, the average's
    half-life from 0 to 5 million images and the probability of each augmentation from 0 to 0.55 (colors:
    half of it); then all are constant. Other data have presets. A shorter training needs shorter schedules:
    recipe/r3gan-small. Differences: R1 and R2 are computed with the same forward passes as the loss, and
    those of its parts; the released code computes most stages in bfloat16 (`--precision bf16` computes all).
    """

    examples = (
        {
            "generator": {"latent_size": 6, "widths": (8, 8, 8), "blocks": (1, 1, 1)},
            "discriminator": {"widths": (8, 8, 8), "blocks": (1, 1, 1)},
            "augment": "no-augment",
        },
    )
    generator: Seat[Generator] = seat(default=R3GANGenerator)
    discriminator: Seat[Discriminator] = seat(default=R3GANDiscriminator)
    loss: Seat[Loss] = seat(default=RelativisticPairing)
    regularizers: Seats[DiscriminatorRegularizer] = seat(default=(r1, r2))
    augment: Seat[Augment] = seat(default=augment)
    average: Seat[Average] = seat(default=average)
    generator_optimizer: Seat[Optimizer] = seat(default=adam)
    discriminator_optimizer: Seat[Optimizer] = seat(default=adam)
    batch: int = field(default=512, validator=whole(1), help="batch size, unless the run sets one")


def cosine(start: float, end: float, over: int) -> dict[str, Any]:
    """The same as a table."""
    return {"part": "cosine", "start": start, "end": end, "over": over}


def settings(*, over: int, half_life: float, p: float, gamma: float, batch: int) -> dict[str, Any]:
    """What differs between the presets; γ falls to a tenth."""
    optimizer = {
        "betas": [0.0, cosine(0.9, 0.99, over)],
        "schedule": cosine(1.0, 0.25, over),
    }
    return {
        "regularizers": [{"part": name, "gamma": cosine(gamma, gamma / 10, over)} for name in ("r1", "r2")],
        "average": {"half_life": cosine(0.0, half_life, over)},
        "augment": {"p": cosine(0.0, p, over)},
        "generator_optimizer": optimizer,
        "discriminator_optimizer": optimizer,
        "batch": batch,
    }


EMBEDDED: dict[str, Any] = {
    "conditioner": {"part": "gancore:embedding", "size": 64},
    "discriminator": {"part": "gancore-r3gan:r3gan-labels"},
}
"""With labels: 64 numbers for the class beside 64 for the latent."""
DEVIATION = {"conditioner.deviation": lambda classes: classes**-0.5 if classes else 1.0}
"""Embeddings start with the deviation of a linear layer over a one-hot label."""


LABELS = Preset(
    name="r3gan-labels",
    base=R3GAN,
    doc="""R3GAN with labels, for CIFAR-10: an embedding of the class beside the latent, and at the end of the
    discriminator.

    Paper: Huang et al. 2024, arXiv:2501.05441, appendix D, table 9. Settings as recipe/r3gan.
    """,
    options={"generator": {"latent_size": 128}, **EMBEDDED},
    derived=DEVIATION,
)

FFHQ64 = Preset(
    name="r3gan-ffhq64",
    base=R3GAN,
    doc="""R3GAN for FFHQ at 64×64, as released: batch 256, γ from 2 to 0.2, half-life up to 500,000 images,
    augmentation up to 0.3.

    Paper: Huang et al. 2024, arXiv:2501.05441, appendix D, table 9.
    """,
    options=settings(over=20 * MILLION, half_life=0.5 * MILLION, p=0.3, gamma=2.0, batch=256),
)

FFHQ256 = Preset(
    name="r3gan-ffhq256",
    base=R3GAN,
    doc="""R3GAN for FFHQ at 256×256, as released: batch 256, γ from 150 to 15, half-life up to 500,000
    images, augmentation up to 0.3.

    Paper: Huang et al. 2024, arXiv:2501.05441, appendix D, table 9.
    """,
    options=settings(over=20 * MILLION, half_life=0.5 * MILLION, p=0.3, gamma=150.0, batch=256),
)


def imagenet(size: int, p: float, gamma: float) -> Preset:
    """The presets for ImageNet, which have labels and are twice as wide."""
    maps = size.bit_length() - 2
    shape = {"widths": [1536] * maps, "cardinalities": [96] * maps}
    return Preset(
        name=f"r3gan-imagenet{size}",
        base=R3GAN,
        doc=f"""R3GAN for ImageNet at {size}×{size} with labels, as released: 1536 channels, batch 4096.

    γ goes from {gamma:g} to {gamma / 10:g}, the half-life up to 50 million images and the augmentation up to
    {p:g}, over 200 million images.

    Paper: Huang et al. 2024, arXiv:2501.05441, appendix D, table 9.
    """,
        options={
            **settings(over=200 * MILLION, half_life=50.0 * MILLION, p=p, gamma=gamma, batch=4096),
            "generator": {"latent_size": 128, **shape},
            "discriminator": {**EMBEDDED["discriminator"], **shape},
            "conditioner": EMBEDDED["conditioner"],
        },
        derived=DEVIATION,
    )


NARROWEST, SMALL_WIDEST = 32, 256


def small_widths(image: ImageShape) -> tuple[int, ...]:
    """Channels from the smallest map on: 32 at full size, doubled with each halving up to 256."""
    count = doublings(image, "recipe/r3gan-small") + 1
    return tuple(min(NARROWEST << i, SMALL_WIDEST) for i in reversed(range(count)))


def small_groups(image: ImageShape) -> tuple[int, ...]:
    """Groups of 64 channels of the inside of a block, which is twice as wide as its map."""
    return tuple(width // NARROWEST for width in small_widths(image))


def one_block(image: ImageShape) -> tuple[int, ...]:
    """One block for each map."""
    return (1,) * len(small_widths(image))


SHORT_ADAM: dict[str, Any] = {
    "lr": 7e-4,
    "betas": [0.0, 0.99],
    "schedule": {"part": "cosine", "start": 1.0, "end": 0.25},
}
"""Over the whole training, however long."""
SMALL = Preset(
    name="r3gan-small",
    base=R3GAN,
    doc="""R3GAN for trials on a processor: 32 to 256 channels, one block for each map, batch 8.

    Paper: Huang et al. 2024, arXiv:2501.05441. The sizes and settings are gancore's own: groups of 64
    channels in the 3×3 convolutions, γ = 1, β₂ = 0.99, a half-life of a twentieth of the images seen, at most
    10,000, no augmentation, and a learning rate that falls from 0.0007 to 0.000175 over the training.
    """,
    options={
        "batch": 8,
        "regularizers": [{"part": name, "gamma": 1.0} for name in ("r1", "r2")],
        "average": {"half_life": 10_000.0, "ramp_up": 0.05},
        "augment": "no-augment",
        "generator_optimizer": SHORT_ADAM,
        "discriminator_optimizer": SHORT_ADAM,
    },
    derived={
        f"{network}.{option}": rule
        for network in ("generator", "discriminator")
        for option, rule in (
            ("widths", small_widths),
            ("cardinalities", small_groups),
            ("blocks", one_block),
        )
    },
)

IMAGENET32, IMAGENET64 = imagenet(32, 0.5, 0.5), imagenet(64, 0.4, 1.0)
PRESETS = (LABELS, FFHQ64, FFHQ256, IMAGENET32, IMAGENET64, SMALL)
