"""Samplers that are Markov chains of a restricted Boltzmann machine."""

from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor

from gancore.component.interfaces import Shape
from gancore.component.network_sampler import NetworkSampler
from gancore.component.part import Seat, field, interface, part, seat
from gancore.component.randomness import drawn_from, uniform
from gancore.component.row_noise import RowNoise
from gancore.component.validators import whole
from gancore.errors import FitError
from gancore.nn.boltzmann import BoltzmannMachine
from gancore_rbm.encoder import RBMEncoder
from gancore_rbm.negative import Kept, Persistent

_MACHINE = {"part": "rbm", "image": (1, 8, 8), "generator": {"part": "rbm", "hidden": 5}}
_EXAMPLE = {"latent": (5,), "steps": 3, "encoder": _MACHINE}


@interface("sampler")
class Chain(NetworkSampler):
    """Latents are hidden states `(H,)` at the end of a chain, 0 or 1. Each row has noise of its own, which
    follows from what is drawn for it (`RowNoise`).
    """

    encoder: Seat[RBMEncoder] = seat(default=RBMEncoder, help="the machine whose states are drawn")
    steps: int = field(default=200, validator=whole(1), help="Gibbs steps of each chain")

    def build(self) -> None:
        """Raises FitError if the latents are no hidden states of the machine."""
        hidden = tuple(self.encoder.generator.code_shape)
        if tuple(self.latent) != hidden:
            raise FitError(
                f"{self.qualified_name} draws the hidden states {hidden} of its machine, but latents are "
                f"{tuple(self.latent)}; use it with a generator of the same machine"
            )

    @property
    def noise_shape(self) -> Shape:
        """The seed of a row."""
        return RowNoise.SHAPE

    def latents(self, noise: Tensor, label: Tensor | None = None) -> Tensor:
        """`(n, H)` float32."""
        with torch.no_grad(), drawn_from(RowNoise(noise)):
            return self.ends(self.encoder.machine, len(noise)).float()

    @abstractmethod
    def ends(self, machine: BoltzmannMachine, n: int) -> Tensor:
        """The hidden states `(n, H)` at the end of n chains."""

    def independent(self, machine: BoltzmannMachine, n: int) -> Tensor:
        """Visible states `(n, D)` of independent units with the means of the data."""
        return machine.visible.sample(self.encoder.generator.base.expand(n, -1))


@part("gibbs")
class Gibbs(Chain):
    """Gibbs sampling, from visible units that are independent and have the means of the data.

    A machine that is trained well mixes slowly, so short chains show where they began as much as the model.
    """

    examples = (_EXAMPLE,)

    def ends(self, machine: BoltzmannMachine, n: int) -> Tensor:
        """h ~ p(h | v), v ~ p(v | h), … h."""
        hidden = machine.sample_hidden(self.independent(machine, n))
        return machine.gibbs(hidden, self.steps)[1]


@part("annealed-gibbs")
class AnnealedGibbs(Chain):
    """Gibbs sampling while the inverse temperature β rises from 0 to 1.

    Paper: Salakhutdinov & Murray 2008, On the quantitative analysis of deep belief networks, ICML: these are
    the chains of their annealed importance sampling, here without the weights. At β = 0 visible units are
    independent and have the means of the data; from there chains spread over the modes of the model. They are
    exact in the limit of many steps.
    """

    examples = (_EXAMPLE,)

    steps: int = field(default=200, validator=whole(1), help="Gibbs steps of each chain, one at each β")

    def ends(self, machine: BoltzmannMachine, n: int) -> Tensor:
        """One step at each β = 1/K, 2/K … 1."""
        start, base = self.independent(machine, n), self.encoder.generator.base
        return machine.annealed(start, base, self.steps)[1]


@part("continued-gibbs")
class ContinuedGibbs(Chain):
    """Gibbs sampling from where the chains of the training are, each sample from one of them at random.

    Those chains have followed the model from its beginning (Tieleman 2008), so they are spread over its modes
    where new ones would stay in a few. Samples from the same chain are alike if `steps` are few.
    """

    examples = (
        {**_EXAMPLE, "negative": {"part": "persistent", "code": (5,), "chains": 4}},
        {**_EXAMPLE, "negative": {"part": "parallel-tempering", "code": (5,), "chains": 2}},
    )

    negative: Seat[Kept] = seat(default=Persistent, help="the negative phase that keeps the chains")

    def facts(self, seat: str) -> dict[str, Any]:
        """The shape of a hidden state."""
        return {"code": tuple(self.latent)} if seat == "negative" else {}

    def ends(self, machine: BoltzmannMachine, n: int) -> Tensor:
        """A state of the training's chains, then Gibbs steps."""
        states = self.negative.hidden_states.to(machine.weight.dtype)  # (M, H)
        chosen = (uniform(n, like=states) * len(states)).long()  # (n,)
        return machine.gibbs(states[chosen], self.steps)[1]
