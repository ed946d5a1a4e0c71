"""Where the negative phase of the gradient comes from: states of the model, or near it."""

from abc import abstractmethod

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Shape
from gancore.component.part import Part, fact, field, interface, part
from gancore.component.randomness import seeded
from gancore.component.validators import whole
from gancore.nn.boltzmann import BoltzmannMachine
from gancore.recipes.base import Run


@interface("negative-phase")
class NegativePhase(Part):
    """Gives the visible states `(M, D)` whose free energy learning raises: `(machine, visible)` → states.

    The gradient of the log-likelihood is the difference between means over the data and over the model
    (Hinton 2010, A practical guide to training restricted Boltzmann machines); parts differ in how near to
    the model they get. `move` is called once before each update; `forward` is called in it, with the visible
    states `(N, D)` of the data, without gradients.
    """

    code: Shape = fact(help="shape (H,) of one hidden state, given by the generator")

    def move(self, machine: BoltzmannMachine, run: Run) -> None:
        """Moves what is kept from step to step."""

    @abstractmethod
    def forward(self, machine: BoltzmannMachine, visible: Tensor) -> Tensor:
        """`(M, D)`."""


@part("contrastive-divergence")
class ContrastiveDivergence(NegativePhase):
    """CD-k: chains that begin at the data of the batch, after k steps.

    Paper: Hinton 2002, Training products of experts by minimizing contrastive divergence, Neural Computation
    14.
    """

    steps: int = field(default=1, validator=whole(1), help="Gibbs steps k")

    def forward(self, machine: BoltzmannMachine, visible: Tensor) -> Tensor:
        """`(N, D)`, row by row."""
        return machine.gibbs(machine.sample_hidden(visible), self.steps)[0]


@interface("negative-phase")
class Kept(NegativePhase):
    """The base of those that keep chains from step to step. All processes move all chains, with the same
    noise, so that each holds the same; chains are saved with the weights.
    """

    def move(self, machine: BoltzmannMachine, run: Run) -> None:
        """Moves the chains, with noise from the run's generator."""
        seed = int(torch.randint(2**62, (), generator=run.rng))
        with torch.no_grad(), seeded(seed, machine.weight.device):
            self.negatives: Tensor = self.advance(machine)

    @abstractmethod
    def advance(self, machine: BoltzmannMachine) -> Tensor:
        """Moves the chains; returns their visible states `(M, D)`."""

    @property
    @abstractmethod
    def hidden_states(self) -> Tensor:
        """The hidden states `(M, H)` of the chains at inverse temperature 1."""

    def forward(self, machine: BoltzmannMachine, visible: Tensor) -> Tensor:
        """The chains' states after the last `move`, `(M, D)`, whatever the data are."""
        return self.negatives


@part("persistent")
class Persistent(Kept):
    """Persistent contrastive divergence: chains that go on from step to step, and do not begin at data again.

    Paper: Tieleman 2008, Training restricted Boltzmann machines using approximations to the likelihood
    gradient, ICML. The weights move little between steps, so the chains stay near the model. They begin with
    all hidden units off. The number of chains does not depend on the batch.
    """

    chains: int = field(default=100, validator=whole(1), help="number M of chains")
    steps: int = field(default=1, validator=whole(1), help="Gibbs steps between two updates")

    def build(self) -> None:
        """Makes the hidden states of the chains, `(M, H)`."""
        self.states = nn.Buffer(torch.zeros(self.chains, *self.code))

    def advance(self, machine: BoltzmannMachine) -> Tensor:
        """`steps` Gibbs steps of each chain."""
        visible, hidden = machine.gibbs(self.states.to(machine.weight.dtype), self.steps)
        self.states.copy_(hidden)
        return visible

    @property
    def hidden_states(self) -> Tensor:
        """All of them."""
        return self.states
