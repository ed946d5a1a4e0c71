"""Parallel tempering: chains at several temperatures that exchange their states."""

import torch
from torch import Tensor, nn

from gancore.component.part import field, part
from gancore.component.randomness import uniform
from gancore.component.validators import whole, within
from gancore.nn.boltzmann import BoltzmannMachine
from gancore_rbm.negative import Kept


@part("parallel-tempering")
class ParallelTempering(Kept):
    """Persistent chains at inverse temperatures from 1 to `smallest`, neighbors of which swap states.

    Papers: Desjardins et al. 2010, Tempered Markov chain Monte Carlo for training of restricted Boltzmann
    machines, AISTATS; Cho et al. 2010, Parallel tempering is efficient for learning restricted Boltzmann
    machines, IJCNN. At small β chains move freely between modes; what they find comes to β = 1 by swaps. A
    swap between β and β' is accepted with probability min(1, exp((β - β')(φ' - φ))), φ = bᵀv + cᵀh + vᵀWh of
    each state, which leaves all distributions as they are. Inverse temperatures are evenly spaced. Gaussian
    units keep their own variance at each temperature.
    """

    chains: int = field(default=25, validator=whole(1), help="number M of chains at each temperature")
    temperatures: int = field(default=10, validator=whole(2), help="number of temperatures")
    smallest: float = field(
        default=0.0, validator=within(0, 1), help="smallest inverse temperature", scheduled=False
    )
    steps: int = field(default=1, validator=whole(1), help="Gibbs steps between two updates")

    def build(self) -> None:
        """Makes the hidden states `(T, M, H)`, the first at β = 1."""
        self.states = nn.Buffer(torch.zeros(self.temperatures, self.chains, *self.code))

    @property
    def betas(self) -> list[float]:
        """Inverse temperatures from 1 down to `smallest`."""
        step = (1 - self.smallest) / (self.temperatures - 1)
        return [1 - i * step for i in range(self.temperatures)]

    def advance(self, machine: BoltzmannMachine) -> Tensor:
        """Gibbs steps at each temperature, then swaps between neighbors, the smallest β first."""
        states = self.states.to(machine.weight.dtype)
        moved = [
            machine.at(beta).gibbs(state, self.steps) for beta, state in zip(self.betas, states, strict=True)
        ]
        visible, hidden = (
            torch.stack(several) for several in zip(*moved, strict=True)
        )  # (T, M, D), (T, M, H)
        for i in reversed(range(1, self.temperatures)):
            self._swap(machine, visible, hidden, i)
        self.states.copy_(hidden)
        return visible[0]

    @property
    def hidden_states(self) -> Tensor:
        """Those at β = 1."""
        first: Tensor = self.states[0]
        return first

    def _swap(self, machine: BoltzmannMachine, visible: Tensor, hidden: Tensor, i: int) -> None:
        """Swaps states at temperatures i - 1 and i, where that is accepted."""
        warm, cold = (machine.interaction(visible[j], hidden[j]) for j in (i, i - 1))  # φ', φ, (M,)
        ratio = ((self.betas[i - 1] - self.betas[i]) * (warm - cold)).exp()  # (M,)
        accepted = uniform(len(ratio), like=ratio) < ratio
        for states in (visible, hidden):
            pair = states[i - 1 : i + 1, accepted]
            states[i - 1 : i + 1, accepted] = pair.flip(0)
