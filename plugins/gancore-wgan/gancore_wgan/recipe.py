"""The training recipes of WGAN and WGAN-GP."""

from typing import Any, ClassVar

from gancore import (
    Constraint,
    Discriminator,
    DiscriminatorRegularizer,
    Generator,
    Loss,
    Optimizer,
    Seat,
    Seats,
    TwoPlayerGAN,
    field,
    part,
    seat,
)
from gancore.component.derived import Rules
from gancore.component.fields import ScheduledInt
from gancore.component.validators import whole
from gancore.standard.constraints import WeightClipping
from gancore.standard.losses import Wasserstein
from gancore.standard.optimizers import Adam, RMSprop
from gancore.standard.regularizers import GradientPenalty
from gancore.standard.schedules import Piecewise
from gancore_wgan.networks import WGANCritic, WGANGenerator, WGANGPCritic, WGANGPGenerator

FEW, MANY, FIRST, EACH = 5, 100, 25, 500
"""Updates of the critic as a rule and at times; which are the first 25 steps, and every 500th."""


def rmsprop() -> RMSprop:
    """RMSprop with learning rate 0.00005 (arXiv:1701.07875, algorithm 1)."""
    return RMSprop(lr=5e-5)


def adam() -> Adam:
    """Adam with learning rate 0.0001, β₁ = 0, β₂ = 0.9 (arXiv:1704.00028, algorithm 1)."""
    return Adam(lr=1e-4, betas=(0.0, 0.9))


def critic_steps(batch: int) -> Any:
    """The released schedule: 100 updates of the critic in the first 25 steps and in each 500th, else 5."""
    few, many = FEW * batch, MANY * batch  # images of a step
    begun = FIRST * many
    again = begun + (EACH - FIRST) * few
    rest = again + many
    return Piecewise(
        points=((0, MANY), (begun, FEW), (again, MANY), (rest, FEW), (rest + (EACH - 1) * few, MANY)),
        between="constant",
        repeat=many + (EACH - 1) * few,
    )


@part("wgan")
class WGAN(TwoPlayerGAN):
    """The Wasserstein game, whose critic is kept Lipschitz by clipping its weights.

    Paper: Arjovsky et al. 2017, arXiv:1701.07875, algorithm 1. One step is, in this order:

    1. five times: a new batch, new latents, one update of the critic, after which its weights are clipped to
       ±0.01; a hundred times in the first 25 steps and in each 500th, as in the released code;
    2. one update of the generator, on new latents;
    3. an update of the averaged weights.

    RMSprop with learning rate 0.00005, batch size 64. Differences: samples come from an exponential average
    of the generator's weights (`average = "no-average"` for the paper's); the schedule of the critic's
    updates is one over images, so it follows the recipe's batch, not one that is given for a run alone.
    """

    examples = (
        {
            "generator": {"width": 2, "latent_size": 6},
            "discriminator": {"width": 2},
            "discriminator_steps": 2,
        },
    )
    derived: ClassVar[Rules] = {"discriminator_steps": critic_steps}
    generator: Seat[Generator] = seat(default=WGANGenerator)
    discriminator: Seat[Discriminator] = seat(default=WGANCritic)
    loss: Seat[Loss] = seat(default=Wasserstein)
    constraints: Seats[Constraint] = seat(default=(WeightClipping,))
    generator_optimizer: Seat[Optimizer] = seat(default=rmsprop)
    discriminator_optimizer: Seat[Optimizer] = seat(default=rmsprop)


@part("wgan-gp")
class WGANGP(TwoPlayerGAN):
    """The Wasserstein game, whose critic is kept Lipschitz by a penalty on its gradient.

    Paper: Gulrajani et al. 2017, arXiv:1704.00028, algorithm 1. One step is, in this order:

    1. five times: a new batch, new latents, one update of the critic, with the gradient penalty (λ = 10) at
       points between real and generated images;
    2. one update of the generator, on new latents;
    3. an update of the averaged weights.

    Adam with learning rate 0.0001, β₁ = 0, β₂ = 0.9, batch size 64, normal latents of dimension 128, the
    residual networks of appendix F. Differences: samples come from an exponential average of the generator's
    weights (`average = "no-average"` for the paper's); for CIFAR-10 the paper's learning rate is 0.0002 and
    falls linearly to zero (`generator_optimizer.lr`, `generator_optimizer.schedule = "linear"`), and its
    released code updates the generator on twice as many images.
    """

    examples = (
        {
            "generator": {"latent_size": 6, "widths": (4, 4, 4)},
            "discriminator": {"widths": (4, 4), "halvings": 1},
            "discriminator_steps": 2,
        },
    )
    generator: Seat[Generator] = seat(default=WGANGPGenerator)
    discriminator: Seat[Discriminator] = seat(default=WGANGPCritic)
    loss: Seat[Loss] = seat(default=Wasserstein)
    regularizers: Seats[DiscriminatorRegularizer] = seat(default=(GradientPenalty,))
    generator_optimizer: Seat[Optimizer] = seat(default=adam)
    discriminator_optimizer: Seat[Optimizer] = seat(default=adam)
    discriminator_steps: ScheduledInt = field(
        default=FEW,
        validator=whole(1),
        help="updates of the critic for each one of the generator",
        scheduled=True,
    )
