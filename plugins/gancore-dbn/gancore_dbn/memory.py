"""The associative memory on top of a deep belief network: an undirected pair of layers."""

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Shape
from gancore.component.network_sampler import NetworkSampler
from gancore.component.part import field, part
from gancore.component.randomness import drawn_from, uniform
from gancore.component.row_noise import RowNoise
from gancore.component.validators import above, whole
from gancore.errors import FitError
from gancore.nn.boltzmann import RestrictedBoltzmann


@part("associative-memory")
class AssociativeMemory(NetworkSampler):
    """The top two layers, a restricted Boltzmann machine whose chains draw the code of the layers below.

    Paper: Hinton, Osindero & Teh 2006, A fast learning algorithm for deep belief nets, Neural Computation 18,
    who run alternating Gibbs sampling for a long time. Difference: chains are kept from step to step, as in
    Tieleman 2008 (Training restricted Boltzmann machines using approximations to the likelihood gradient);
    the memory learns from where they are, and a sample continues one of them, chosen at random. The paper's
    chains begin at data while learning, and at random units for samples. Its memory also holds the label.

    Latents are states `(h,)` of the lower of the two layers, 0 or 1. Each row has noise of its own, which
    follows from what is drawn for it (`RowNoise`).

    Raises:
        FitError: the latent is not flat.
    """

    examples = ({"latent": (5,), "hidden": 6, "chains": 4, "steps": 3},)

    hidden: int = field(default=1000, validator=whole(1), help="units of the top layer; 2,000 in the paper")
    chains: int = field(default=100, validator=whole(1), help="number M of kept chains")
    steps: int = field(default=200, validator=whole(1), help="Gibbs steps of the chain of a sample")
    deviation: float = field(
        default=0.01, validator=above(0), help="standard deviation of the initial weights", scheduled=False
    )

    def build(self) -> None:
        """Makes the machine, and the states `(M, H)` of the top units of its chains, at first all off."""
        if len(self.latent) != 1:
            raise FitError(
                f"{self.qualified_name} draws flat latents (h,), but here they are {tuple(self.latent)}; use "
                "a generator whose code is flat, such as generator/dbn"
            )
        self.layer = RestrictedBoltzmann(self.latent[0], self.hidden, deviation=self.deviation)
        self.states = nn.Buffer(torch.zeros(self.chains, self.hidden))

    @torch.no_grad()
    def advance(self, steps: int) -> Tensor:
        """Moves the kept chains; returns the states of their lower units, `(M, h)`."""
        visible, hidden = self.layer.machine.gibbs(self.states.to(self.layer.weight.dtype), steps)
        self.states.copy_(hidden)
        return visible

    @property
    def noise_shape(self) -> Shape:
        """The seed of a row."""
        return RowNoise.SHAPE

    def latents(self, noise: Tensor, label: Tensor | None = None) -> Tensor:
        """`(n, h)` float32."""
        machine = self.layer.machine
        with torch.no_grad(), drawn_from(RowNoise(noise)):
            chosen = (uniform(len(noise), like=noise) * len(self.states)).long()  # (n,)
            states = self.states.to(machine.weight.dtype)[chosen]  # (n, H)
            return machine.gibbs(states, self.steps)[0].float()
