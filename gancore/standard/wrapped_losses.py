"""Losses around another loss."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor

from gancore.component.interfaces import Loss
from gancore.component.part import Seat, field, part, seat
from gancore.component.validators import above, at_least, within
from gancore.standard.losses import NonSaturating

__all__ = ["TopK", "Weighted"]


@part("top-k", tags=["batch"])
class TopK(Loss):
    """The generator learns from its best images alone: those of a batch that the discriminator scores
    highest. The discriminator's loss is that of the seat.

    Paper: Sinha et al. 2020, arXiv:2002.06224, the top-k update, whose fraction falls from 1 to ν (0.5 or
    0.75) while training; the mean is over the k images. Images with scores by patch are ranked by their
    mean. A loss that compares with real scores gets those of the same rows.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({}, {"loss": "relativistic-pairing"})

    loss: Seat[Loss] = seat(default=NonSaturating, help="the loss that is wrapped")
    fraction: float = field(
        default=0.5,
        validator=[above(0), within(0, 1)],
        help="fraction of a batch that the generator learns from, in (0, 1]",
    )

    @property
    def needs_real(self) -> bool:  # type: ignore[override]
        """As the loss in the seat."""
        return self.loss.needs_real

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """As the loss in the seat."""
        return self.loss.discriminator(real, fake)

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """The loss of the k = fraction · N highest scores."""
        k = max(1, round(self.fraction * len(fake)))
        if k >= len(fake):
            return self.loss.generator(fake, real)
        best = fake.detach().reshape(len(fake), -1).mean(1).topk(k).indices
        return self.loss.generator(fake[best], None if real is None else real[best])


@part("weighted")
class Weighted(Loss):
    """Another loss, weighted for each player; a weight of 0 leaves a player with its penalties and auxiliary
    objectives, as feature matching has it (Salimans et al. 2016, arXiv:1606.03498, section 3.1).
    """

    loss: Seat[Loss] = seat(default=NonSaturating, help="the loss that is wrapped")
    discriminator_weight: float = field(
        default=1.0, validator=at_least(0), help="factor on the discriminator's loss"
    )
    generator_weight: float = field(default=1.0, validator=at_least(0), help="factor on the generator's loss")

    @property
    def needs_real(self) -> bool:  # type: ignore[override]
        """As the loss in the seat."""
        return self.loss.needs_real

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """The loss in the seat, weighted."""
        return self.discriminator_weight * self.loss.discriminator(real, fake)

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """The loss in the seat, weighted."""
        return self.generator_weight * self.loss.generator(fake, real)
