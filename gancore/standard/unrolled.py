"""The generator's loss against the discriminator of some steps ahead."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from gancore.component.interfaces import GeneratorRegularizer, Loss
from gancore.component.part import Seat, field, part, seat
from gancore.component.scored import Scored
from gancore.component.validators import above, whole
from gancore.standard.losses import NonSaturating

__all__ = ["Unrolled"]

Weights = Mapping[str, Tensor]


@part("unrolled", tags=["batch"])
class Unrolled(GeneratorRegularizer):
    """The generator's loss against the discriminator that K further steps of gradient descent would make of
    it, so that the generator foresees the answer and does not jump from mode to mode.

    Paper: Metz et al. 2017, arXiv:1611.02163, section 2.2, eq. 6 to 9, with the gradient through all K steps.
    They are steps of plain gradient descent, as in eq. 7 (the paper's experiments: Adam), on the loss in the
    seat, without penalties, on the images of this update, by all weights of the discriminator; these are the
    same afterwards. It stands in place of the generator's loss where that is `{ part = "weighted",
    generator_weight = 0.0 }`, and beside it otherwise.

    Micro-batches and processes each unroll on their own images, so that they give another gradient than the
    whole batch.
    """

    steps: int = field(default=5, validator=whole(1), help="the paper's K")
    rate: float = field(default=0.01, validator=above(0), help="the paper's η, of each step")
    loss: Seat[Loss] = seat(default=NonSaturating, help="what the discriminator descends, and the generator")

    def forward(self, render: Callable[[Tensor], Tensor], fake: Scored, real: Scored) -> Tensor:
        """L_G(θ_G, θ_D^K), θ^{k+1} = θ^k - η ∇ L_D(θ_G, θ^k)."""
        network = fake.discriminator
        weights: Weights = {name: p.detach().requires_grad_() for name, p in network.named_parameters()}
        for _ in range(self.steps):
            loss = _called(network, weights, lambda: self.loss.discriminator(*_scores(real, fake)))
            weights = self.descended(weights, loss)
        return _called(network, weights, lambda: self.generator_loss(fake, real))

    def descended(self, weights: Weights, loss: Tensor) -> Weights:
        """θ - η ∇ L(θ), differentiable."""
        values = list(weights.values())
        slopes = torch.autograd.grad(loss, values, create_graph=True, materialize_grads=True)
        moved = (value - self.rate * slope for value, slope in zip(values, slopes, strict=True))
        return dict(zip(weights, moved, strict=True))

    def generator_loss(self, fake: Scored, real: Scored) -> Tensor:
        """The loss of the generator at the present weights of the discriminator."""
        compared = real.score(real.image) if self.loss.needs_real else None
        return self.loss.generator(fake.score(fake.image), compared)


class _Holder(nn.Module):
    """Calls a function while a network has other weights."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, function: Callable[[], Any]) -> Any:
        return function()


def _called(network: nn.Module, weights: Weights, function: Callable[[], Tensor]) -> Tensor:
    renamed = {f"network.{name}": value for name, value in weights.items()}
    made: Tensor = functional_call(_Holder(network), renamed, (function,))
    return made


def _scores(real: Scored, fake: Scored) -> tuple[Tensor, Tensor]:
    """New scores of both, at the present weights of the discriminator."""
    return real.score(real.image), fake.score(fake.image)
