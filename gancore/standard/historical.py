"""Historical averaging of the weights of either player."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from gancore.component.interfaces import DiscriminatorRegularizer, GeneratorRegularizer
from gancore.component.part import field, part
from gancore.component.scored import Scored
from gancore.component.validators import at_least
from gancore.errors import FitError
from gancore.standard.regularizers import Score

__all__ = ["HistoricalAverageDiscriminator", "HistoricalAverageGenerator", "PastWeights"]


class PastWeights(nn.Module):
    """The mean of the weights that a network had after each update, and the distance from it.

    The mean is one vector, which takes its size from the network at the first update. A module that holds it
    has it in its state dict; the training moves it, and makes room for it when a checkpoint is loaded.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mean: Tensor = nn.Buffer(torch.zeros(0))
        self.updates: Tensor = nn.Buffer(torch.zeros(()))
        self._network: tuple[nn.Module, ...] = ()  # in a tuple it is no submodule

    def distance(self, network: nn.Module) -> Tensor:
        """‖θ - mean‖², a scalar of the weights' dtype; 0 before the first update."""
        if self.training:
            self._network = (network,)
        weights = _flat(network)
        mean = self.mean if self.mean.numel() else weights.detach()
        return (weights - mean).square().sum()

    def update_buffers(self) -> None:
        """mean ← mean + (θ - mean) / t, where the distance was asked for in this update."""
        for network in self._network:
            self.updates += 1
            weights = _flat(network).detach()
            if self.mean.numel():
                self.mean.lerp_(weights, 1 / self.updates)
            else:
                self.mean = nn.Buffer(weights)
        self._network = ()

    def make_room(self, state: Mapping[str, Tensor]) -> None:
        """Takes the size of a mean that is to be loaded."""
        if "mean" in state:
            self.mean = nn.Buffer(self.mean.new_zeros(state["mean"].shape))


@part("historical-average")
class HistoricalAverageDiscriminator(DiscriminatorRegularizer):
    """Historical averaging of the discriminator: its weights are pulled to the mean of those it had so far,
    which ends orbits around an equilibrium.

    Paper: Salimans et al. 2016, arXiv:1606.03498, section 3.3: ‖θ - (1/t) Σ_i θ[i]‖². The mean is over the
    weights after each update that has the penalty, the present ones among them; it is updated online and held
    constant in the gradient. The paper gives no weight.
    """

    weight: float = field(default=1.0, validator=at_least(0), help="weight of the term")

    def build(self) -> None:
        """Starts without a past."""
        self.past = PastWeights()

    def forward(self, score: Score, real: Scored, fake: Scored) -> Tensor:
        """λ ‖θ - (1/t) Σ θ[i]‖²."""
        return self.weight * self.past.distance(real.discriminator)


@part("historical-average")
class HistoricalAverageGenerator(GeneratorRegularizer):
    """Historical averaging of the generator: its weights are pulled to the mean of those it had so far, which
    ends orbits around an equilibrium.

    Paper: Salimans et al. 2016, arXiv:1606.03498, section 3.3: ‖θ - (1/t) Σ_i θ[i]‖². The mean is over the
    weights after each update that has the penalty, the present ones among them; it is updated online and held
    constant in the gradient. The paper gives no weight, and has no conditioner, whose weights are left out.
    """

    weight: float = field(default=1.0, validator=at_least(0), help="weight of the term")

    def build(self) -> None:
        """Starts without a past."""
        self.past = PastWeights()

    def forward(self, render: Callable[[Tensor], Tensor], fake: Scored, real: Scored) -> Tensor:
        """λ ‖θ - (1/t) Σ θ[i]‖²."""
        if not isinstance(render, nn.Module):
            raise FitError(f"{self.qualified_name} reads the generator's weights, but got a mere function")
        return self.weight * self.past.distance(render)


def _flat(network: nn.Module) -> Tensor:
    return torch.cat([weight.flatten() for weight in network.parameters()])
