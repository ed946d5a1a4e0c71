"""How the parts learn together."""

from gancore import (
    Discriminator,
    DiscriminatorRegularizer,
    Generator,
    Loss,
    Seat,
    Seats,
    TwoPlayerGAN,
    field,
    part,
    seat,
)
from gancore.component.validators import whole
from gancore.standard.losses import Hinge
from gancore_sprout.discriminator import SproutDiscriminator
from gancore_sprout.generator import SproutGenerator
from gancore_sprout.regularizer import SproutPenalty


@part("sprout")
class SproutRecipe(TwoPlayerGAN):
    """The two-player game with this plugin's parts in its seats; whoever trains may put others there.

    For an algorithm of your own, derive from `gancore.Recipe` and write `step(run)`.
    """

    examples = (
        {
            "generator": {"part": "sprout", "width": 4, "latent_size": 6},
            "discriminator": {"part": "sprout", "width": 4},
            "batch": 4,
        },
    )
    generator: Seat[Generator] = seat(default=SproutGenerator)
    discriminator: Seat[Discriminator] = seat(default=SproutDiscriminator)
    loss: Seat[Loss] = seat(default=Hinge)
    regularizers: Seats[DiscriminatorRegularizer] = seat(factory=lambda: [SproutPenalty()])
    batch: int = field(default=32, validator=whole(1), help="batch size, where the run is given none")
