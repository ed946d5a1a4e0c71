"""The training recipes of the conditional GANs."""

from gancore import (
    Auxiliary,
    Conditioner,
    Discriminator,
    Generator,
    Optimizer,
    Sampler,
    Seat,
    Seats,
    TwoPlayerGAN,
    field,
    part,
    seat,
)
from gancore.component.validators import whole
from gancore.standard import auxiliaries
from gancore.standard.conditioners import OneHot
from gancore.standard.latent_codes import LatentCodes
from gancore.standard.optimizers import SGD, Adam
from gancore.standard.samplers import Uniform
from gancore.standard.schedules import Exponential, Linear
from gancore_cgan.auxiliary import ACGANDiscriminator, ACGANGenerator
from gancore_cgan.codes import InfoGANDiscriminator, InfoGANGenerator
from gancore_cgan.maxout import MaxoutCGANDiscriminator
from gancore_cgan.mlp import MLPCGANGenerator
from gancore_cgan.strided import CGANDiscriminator, CGANGenerator

BATCH = 100
"""The batch of the paper on MNIST."""
MOMENTUM_OVER = 12_500_000
"""Images over which the momentum grows: 250 epochs of 50,000 images."""


def descent() -> SGD:
    """Learning rate 0.1, divided by 1.00004 with each update of 100 images down to 1e-6; momentum 0.5 to
    0.7.
    """
    decay = Exponential(factor=1 / 1.00004, images=BATCH, lowest=1e-5)
    momentum = Linear(start=0.5, end=0.7, over=MOMENTUM_OVER)
    return SGD(lr=0.1, momentum=momentum, schedule=decay)


def uniform_codes() -> LatentCodes:
    """One code of ten categories and two continuous ones, behind uniform noise."""
    return LatentCodes(latent_codes=(10, 1, 1), noise=Uniform())


def fast_adam() -> Adam:
    """Adam with learning rate 0.001 and β₁ = 0.5."""
    return Adam(lr=1e-3, betas=(0.5, 0.999))


@part("cgan")
class CGAN(TwoPlayerGAN):
    """The two-player game in which both convolutional networks read the label as planes of their maps.

    Paper: Mirza & Osindero 2014, arXiv:1411.1784, eq. 2, with the networks and settings of Radford et al.
    2015 (DCGAN), arXiv:1511.06434, section 4. One step is, in this order:

    1. one update of the discriminator, on a new batch with its labels, new latents and new labels;
    2. one update of the generator, on new latents and labels;
    3. an update of the averaged weights.

    Batch size 128, Adam with learning rate 0.0002 and β₁ = 0.5, uniform latents of dimension 100; the
    generator maximizes log D(G(z | y) | y). Differences: generated images get labels drawn as they occur in
    the data (`pair_labels = true`: those of the real batch); samples come from an exponential average of the
    generator's weights (`average = "no-average"` for the paper's).
    """

    examples = ({"generator": {"width": 2, "latent_size": 6}, "discriminator": {"width": 2}},)
    generator: Seat[Generator] = seat(default=CGANGenerator)
    discriminator: Seat[Discriminator] = seat(default=CGANDiscriminator)
    conditioner: Seat[Conditioner] = seat(default=OneHot)
    sampler: Seat[Sampler] = seat(default=Uniform)
    batch: int = field(default=128, validator=whole(1), help="batch size, unless the run sets one")


@part("cgan-mlp")
class MLPCGAN(TwoPlayerGAN):
    """The two-player game between fully connected networks that both read the label.

    Paper: Mirza & Osindero 2014, arXiv:1411.1784, eq. 2 and section 4.1. One step is, in this order:

    1. one update of the discriminator, on a new batch with its labels, new latents and new labels;
    2. one update of the generator, on new latents and labels;
    3. an update of the averaged weights.

    Batch size 100, gradient descent with a learning rate of 0.1 that is divided by 1.00004 with each update
    down to 1e-6, and a momentum that grows from 0.5 to 0.7. Differences: the paper does not say how long the
    momentum grows, so it does for 12.5 million images, 250 epochs as in the released code of the first GAN;
    latents are uniform in [-1, 1), not in the unit hypercube; the generator maximizes log D(G(z | y) | y)
    (`loss = "minimax"` is eq. 2); samples come from an exponential average of the generator's weights
    (`average = "no-average"` for the paper's).
    """

    examples = (
        {
            "generator": {"latent_size": 6, "latent_units": 8, "label_units": 6, "units": 12},
            "discriminator": {"image_units": 8, "label_units": 6, "units": 8, "pieces": 2},
        },
    )
    generator: Seat[Generator] = seat(default=MLPCGANGenerator)
    discriminator: Seat[Discriminator] = seat(default=MaxoutCGANDiscriminator)
    conditioner: Seat[Conditioner] = seat(default=OneHot)
    sampler: Seat[Sampler] = seat(default=Uniform)
    generator_optimizer: Seat[Optimizer] = seat(default=descent)
    discriminator_optimizer: Seat[Optimizer] = seat(default=descent)
    batch: int = field(default=BATCH, validator=whole(1), help="batch size, unless the run sets one")


@part("acgan")
class ACGAN(TwoPlayerGAN):
    """The two-player game with an auxiliary classifier, whom both players want to be right.

    Paper: Odena et al. 2017, arXiv:1610.09585, section 3 (eq. 2 and 3) and appendix A. One step is, in this
    order:

    1. one update of the discriminator and the classifier by L_S + L_C, on a new batch with its labels, new
       latents and new labels;
    2. one update of the generator by L_C - L_S, on new latents and labels;
    3. an update of the averaged weights.

    The classifier is auxiliary/acgan; any other discriminator may stand in its seat. Batch size 100, Adam
    with learning rate 0.0002 (one of the paper's three) and β₁ = 0.5, latents of dimension 100, for all
    classes at once (on ImageNet the paper trains 100 networks of 10 classes each). Differences: the generator
    maximizes log D(G(z, c)); the paper does not say how latents are distributed, here they are normal;
    samples come from an exponential average of the generator's weights (`average = "no-average"` for the
    paper's).
    """

    examples = ({"generator": {"width": 4, "latent_size": 6}, "discriminator": {"width": 2}},)
    generator: Seat[Generator] = seat(default=ACGANGenerator)
    discriminator: Seat[Discriminator] = seat(default=ACGANDiscriminator)
    conditioner: Seat[Conditioner] = seat(default=OneHot)
    auxiliaries: Seats[Auxiliary] = seat(default=(auxiliaries.ACGAN,))
    batch: int = field(default=BATCH, validator=whole(1), help="batch size, unless the run sets one")


@part("infogan")
class InfoGAN(TwoPlayerGAN):
    """The two-player game in which the codes at the end of the latent can be told from the image.

    Paper: Chen et al. 2016, arXiv:1606.03657, eq. 6, section 6 and appendix C.1 (MNIST). One step is, in this
    order:

    1. one update of the discriminator and the posterior of the codes, on a new batch and new latents;
    2. one update of the generator, on new latents;
    3. an update of the averaged weights.

    The posterior is auxiliary/infogan, and the codes are those of sampler/latent-codes: one of ten categories
    and two continuous ones behind 62 uniform numbers. It reads no labels. Adam with a learning rate of 0.0002
    for the discriminator and 0.001 for the generator, λ = 1 (appendix C); β₁ = 0.5, the batch size of 128 and
    the uniform noise are those of the released code. To choose codes when
    sampling, set `sampler.fixed`: `gancore sample RUN --set 'sampler.fixed=[3, "free", -1.5]'`. Differences:
    those of its parts; λ = 0.1 for continuous codes; samples come from an exponential average of the
    generator's weights (`average = "no-average"` for the paper's).
    """

    examples = (
        {
            "generator": {"width": 4, "hidden": 8, "latent_size": 8},
            "discriminator": {"width": 4, "hidden": 8},
            "sampler": {"latent_codes": (3, 1)},
            "auxiliaries": ({"part": "infogan", "width": 4},),
        },
    )
    generator: Seat[Generator] = seat(default=InfoGANGenerator)
    discriminator: Seat[Discriminator] = seat(default=InfoGANDiscriminator)
    sampler: Seat[Sampler] = seat(default=uniform_codes)
    auxiliaries: Seats[Auxiliary] = seat(default=(auxiliaries.InfoGAN,))
    generator_optimizer: Seat[Optimizer] = seat(default=fast_adam)
    batch: int = field(default=128, validator=whole(1), help="batch size, unless the run sets one")
