"""Losses around another loss."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from gancore.component.interfaces import Loss
from gancore.component.part import Seat, field, part, seat
from gancore.component.randomness import uniform
from gancore.component.validators import above, at_least, within
from gancore.errors import FitError
from gancore.standard.losses import NonSaturating

__all__ = ["NoisyLabels", "TopK", "Weighted"]


@part("noisy-labels")
class NoisyLabels(Loss):
    """The discriminator is told the wrong label at times: a real image counts as generated, and a generated
    one as real. The generator's loss is that of the seat.

    Paper: none; tip 6 of Chintala et al. 2016, How to Train a GAN (NIPS 2016 workshop on adversarial
    training), a practice beside the one-sided smoothing of Salimans et al. 2016, arXiv:1606.03498, section
    3.4, which is `real_label` of the loss in the seat. That tip also draws the targets of a cross-entropy
    from an interval; since a cross-entropy is linear in its target, the middle of the interval as
    `real_label` has the same mean. Difference: images change labels in pairs, one of each kind, so that as
    many count as real as before, and losses that compare both kinds can be noisy too.

    Raises:
        FitError: real and fake scores differ in shape.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({"probability": 0.01},)

    loss: Seat[Loss] = seat(default=NonSaturating, help="the loss that is wrapped")
    probability: float = field(
        default=0.05,
        validator=within(0, 1),
        help="probability that an image gets the label of the other kind",
    )

    @property
    def needs_real(self) -> bool:  # type: ignore[override]
        """As the loss in the seat."""
        return self.loss.needs_real

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """The loss in the seat, of D(x) and D(G(z)) that are exchanged with the given probability."""
        if real.shape != fake.shape:
            raise FitError(
                f"{self.qualified_name} exchanges real and fake scores in pairs; got shapes "
                f"{tuple(real.shape)} and {tuple(fake.shape)}: give as many real as fake images"
            )
        drawn = uniform(len(real), *[1] * (real.dim() - 1), like=real)  # (N,) or (N, 1, 1, 1)
        wrong = drawn < self.probability
        return self.loss.discriminator(torch.where(wrong, fake, real), torch.where(wrong, real, fake))

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """As the loss in the seat."""
        return self.loss.generator(fake, real)


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
    """Another loss, weighted for each player; a weight of 0 leaves a player only its penalties and auxiliary
    objectives, as in feature matching (Salimans et al. 2016, arXiv:1606.03498, section 3.1).
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
