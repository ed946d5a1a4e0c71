"""What recipes that learn from images of two domains, unpaired, have in common."""

from torch import Tensor

from gancore.component.interfaces import Discriminator, DiscriminatorRegularizer, ImageShape, Loss, Terms
from gancore.component.part import Seat, Seats, fact, field, interface, seat
from gancore.component.scored import Scored
from gancore.component.validators import whole
from gancore.recipes.base import Recipe
from gancore.recipes.penalties import check_eager, named
from gancore.standard.losses import LeastSquares

__all__ = ["Unpaired"]


@interface("recipe")
class Unpaired(Recipe):
    """A recipe that reads batches of source and of target images, and compares translations with them by
    discriminators.

    Raises:
        FitError: a penalty is not applied in every step, or not to such a discriminator.
    """

    source: ImageShape = fact(default=None, help="shape (C, H, W) of one source image, given by the data")
    loss: Seat[Loss] = seat(default=LeastSquares)
    regularizers: Seats[DiscriminatorRegularizer] = seat(
        default=(), help="penalties on each discriminator, in each step"
    )
    batch: int = field(default=1, validator=whole(1), help="batch size, unless the run sets one")

    @property
    def wants(self) -> frozenset[str]:
        """Images of both domains."""
        return frozenset({"source", "target"})

    @property
    def batch_size(self) -> int:
        """The recipe's published batch size."""
        return self.batch

    def check_penalties(self, *discriminators: Discriminator) -> None:
        """Raises FitError where a penalty does not fit."""
        check_eager(self.regularizers, f"{self.qualified_name} has penalties in each step")
        for penalty in self.regularizers:
            for discriminator in discriminators:
                penalty.check_discriminator(discriminator)

    def judged(self, name: str, discriminator: Discriminator, real: Tensor, fake: Tensor) -> Terms:
        """The loss of a discriminator, under `name`, and its penalties, on real images `(N, C, H, W)` and
        translations.
        """
        gradient = any(penalty.gradient for penalty in self.regularizers)
        scored = [
            Scored(lambda rows=rows: rows, discriminator, gradient=gradient, discriminator=discriminator)
            for rows in (real, fake)
        ]
        terms = {name: self.loss.discriminator(scored[0].scores, scored[1].scores)}
        for penalty_name, penalty in named(self.regularizers).items():
            terms[f"{penalty_name}_{name}"] = penalty(discriminator, *scored)
        return terms
