"""The divergence held at a capacity."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor

from gancore.component.interfaces import Sampler
from gancore.component.part import Seat, field, part, seat
from gancore.component.validators import at_least
from gancore.nn.diagonal_gaussian import DiagonalGaussian
from gancore_vae.divergences import ClosedForm, Divergence, Inferred


@part("capacity")
class Capacity(Divergence):
    """γ |D_KL(q(z | x) ‖ p(z)) - C| for each image: the latents carry C nats, no more and no fewer.

    Paper: Burgess et al. 2018, arXiv:1804.03599, with γ = 1000 and a C that grows linearly from 0 to 25 nats
    over 100,000 steps (give `capacity` a schedule; the preset `capacity-vae` does). The absolute value is
    taken for each image, as the paper writes it; implementations that take it of the mean over a batch
    penalize less. `penalty` is that term; the bound has the divergence of the seat.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({}, {"divergence": "sampled", "capacity": 3.0})

    divergence: Seat[Divergence] = seat(default=ClosedForm, help="the divergence that is held at C")
    capacity: float = field(default=25.0, validator=at_least(0), help="the paper's C, in nats")
    gamma: float = field(default=1000.0, validator=at_least(0), help="the paper's γ")

    def forward(self, posterior: DiagonalGaussian, latent: Tensor) -> Tensor:
        """A posterior and a draw `(N, *latent)` from it → its divergence `(N,)`."""
        divergence: Tensor = self.divergence(posterior, latent)
        return divergence

    def check(self, prior: Sampler) -> None:
        """Raises FitError if the divergence of the seat cannot compare with this prior."""
        self.divergence.check(prior)

    def nats(self, inferred: Inferred) -> Tensor:
        """The divergence of the seat: `(N,)`."""
        return self.divergence.nats(inferred)

    def penalty(self, nats: Tensor, inferred: Inferred) -> Tensor:
        """γ |D_KL - C|: `(N,)`."""
        return self.gamma * (nats - self.capacity).abs()  # (N,)
