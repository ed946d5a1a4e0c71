"""Restricted Boltzmann machines: two layers of units, without connections within a layer.

The energy of visible states v `(N, D)` and hidden states h `(N, H)` is

    E(v, h) = a(v) + a(h) - bᵀv - cᵀh - vᵀWh,  p(v, h) = exp(-E(v, h)) / Z

where a is 0 for Bernoulli units, whose states are 0 and 1, and x²/2 for Gaussian units of unit variance.

Papers: Smolensky 1986 (Parallel Distributed Processing 1, chapter 6); Hinton 2002, Training products of
experts by minimizing contrastive divergence; Welling, Rosen-Zvi & Hinton 2004 for units of other kinds.
"""

import math
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from gancore.component.precision import at_least_float32
from gancore.component.randomness import normal, uniform

__all__ = [
    "BERNOULLI",
    "GAUSSIAN",
    "Bernoulli",
    "BoltzmannMachine",
    "Gaussian",
    "RestrictedBoltzmann",
    "Units",
    "contrastive_divergence",
    "log_odds",
]


class Units(Protocol):
    """How units follow from their input x `(N, D)`, under which a state s has density exp(x s - a(s)) / Z."""

    def mean(self, x: Tensor) -> Tensor:
        """The mean of the states, `(N, D)`."""

    def sample(self, x: Tensor) -> Tensor:
        """States, `(N, D)`; row i is drawn for sample i, through `gancore.component.randomness`."""

    def log_partition(self, x: Tensor) -> Tensor:
        """log ∫ exp(x s - a(s)) ds of each unit, or the sum over its states: `(N, D)`."""

    def cost(self, state: Tensor) -> Tensor:
        """a(s) of each unit, `(N, D)`."""


class Bernoulli:
    """States 0 and 1, the latter with probability σ(x). Probabilities in between may take their place."""

    def mean(self, x: Tensor) -> Tensor:
        """σ(x)."""
        return x.sigmoid()

    def sample(self, x: Tensor) -> Tensor:
        """0 or 1, in the dtype of x."""
        return (uniform(len(x), *x.shape[1:], like=x) < x.sigmoid()).to(x.dtype)

    def log_partition(self, x: Tensor) -> Tensor:
        """log (1 + eˣ)."""
        return functional.softplus(x)

    def cost(self, state: Tensor) -> Tensor:
        """0."""
        return torch.zeros_like(state)


class Gaussian:
    """Real states of variance 1 around x."""

    def mean(self, x: Tensor) -> Tensor:
        """The input itself."""
        return x

    def sample(self, x: Tensor) -> Tensor:
        """x + ε, ε ~ N(0, 1)."""
        return x + normal(len(x), *x.shape[1:], like=x)

    def log_partition(self, x: Tensor) -> Tensor:
        """x²/2 + log √2π."""
        return x.square() / 2 + math.log(2 * math.pi) / 2

    def cost(self, state: Tensor) -> Tensor:
        """s²/2."""
        return state.square() / 2


BERNOULLI, GAUSSIAN = Bernoulli(), Gaussian()


@dataclass(frozen=True)
class BoltzmannMachine:
    """A restricted Boltzmann machine over given tensors: weight W `(D, H)`, biases b `(D,)` and c `(H,)`.

    It holds no parameters of its own, so that two layers of directed weights, or one machine at another
    temperature, are one too. Two Gaussian layers have no finite partition function unless W is small.
    """

    weight: Tensor
    visible_bias: Tensor
    hidden_bias: Tensor
    visible: Units = BERNOULLI
    hidden: Units = BERNOULLI

    def hidden_input(self, visible: Tensor) -> Tensor:
        """c + vᵀW: `(N, D)` → `(N, H)`."""
        return at_least_float32(visible @ self.weight) + self.hidden_bias

    def visible_input(self, hidden: Tensor) -> Tensor:
        """b + Wh: `(N, H)` → `(N, D)`."""
        return at_least_float32(hidden @ self.weight.T) + self.visible_bias

    def hidden_mean(self, visible: Tensor) -> Tensor:
        """E[h | v]: `(N, D)` → `(N, H)`."""
        return self.hidden.mean(self.hidden_input(visible))

    def visible_mean(self, hidden: Tensor) -> Tensor:
        """E[v | h]: `(N, H)` → `(N, D)`."""
        return self.visible.mean(self.visible_input(hidden))

    def sample_hidden(self, visible: Tensor) -> Tensor:
        """h ~ p(h | v): `(N, D)` → `(N, H)`."""
        return self.hidden.sample(self.hidden_input(visible))

    def sample_visible(self, hidden: Tensor) -> Tensor:
        """v ~ p(v | h): `(N, H)` → `(N, D)`."""
        return self.visible.sample(self.visible_input(hidden))

    def interaction(self, visible: Tensor, hidden: Tensor) -> Tensor:
        """bᵀv + cᵀh + vᵀWh, the part of -E that a temperature scales: `(N,)`."""
        return (self.visible_input(hidden) * visible).sum(1) + hidden @ self.hidden_bias

    def energy(self, visible: Tensor, hidden: Tensor) -> Tensor:
        """E(v, h): `(N,)`."""
        costs = self.visible.cost(visible).sum(1) + self.hidden.cost(hidden).sum(1)
        return costs - self.interaction(visible, hidden)

    def free_energy(self, visible: Tensor) -> Tensor:
        """F(v) = -log Σ_h exp(-E(v, h)), so that log p(v) = -F(v) - log Z: `(N, D)` → `(N,)`."""
        summed = self.hidden.log_partition(self.hidden_input(visible)).sum(1)  # over all h, (N,)
        return self.visible.cost(visible).sum(1) - visible @ self.visible_bias - summed

    def hidden_free_energy(self, hidden: Tensor) -> Tensor:
        """-log Σ_v exp(-E(v, h)): `(N, H)` → `(N,)`."""
        summed = self.visible.log_partition(self.visible_input(hidden)).sum(1)  # over all v, (N,)
        return self.hidden.cost(hidden).sum(1) - hidden @ self.hidden_bias - summed

    def gibbs(self, hidden: Tensor, steps: int = 1) -> tuple[Tensor, Tensor]:
        """So many times v ~ p(v | h), h ~ p(h | v), at least once: `(N, H)` → the last v and h."""
        for _ in range(steps):
            visible = self.sample_visible(hidden)  # (N, D)
            hidden = self.sample_hidden(visible)  # (N, H)
        return visible, hidden

    def annealed(self, visible: Tensor, base: Tensor, steps: int) -> tuple[Tensor, Tensor]:
        """One Gibbs step at each inverse temperature 1/K, 2/K … 1, on the path of `at` from independent units
        with biases `base` `(D,)`, of which `visible` `(N, D)` are states: the last v, and h ~ p(h | v). These
        are the chains of annealed importance sampling (Salakhutdinov & Murray 2008) without its weights.
        """
        for k in range(1, steps + 1):
            present = self.at(k / steps, base)
            visible = present.sample_visible(present.sample_hidden(visible))  # (N, D)
        return visible, self.sample_hidden(visible)

    def at(self, beta: float, visible_bias: Tensor | float = 0.0) -> "BoltzmannMachine":
        """The machine with all weights and biases times β, and (1 - β) `visible_bias` added to b: for β from
        0 to 1 a path from independent units to this machine. a(v) and a(h) stay.
        """
        return replace(
            self,
            weight=beta * self.weight,
            visible_bias=beta * self.visible_bias + (1 - beta) * visible_bias,
            hidden_bias=beta * self.hidden_bias,
        )


class RestrictedBoltzmann(nn.Module):
    """The weights of a restricted Boltzmann machine of D visible and H hidden units, and the machine.

    Weights begin as N(0, `deviation`²), biases as 0 (Hinton 2010, A practical guide to training restricted
    Boltzmann machines).
    """

    def __init__(
        self,
        visible: int,
        hidden: int,
        *,
        visible_units: Units = BERNOULLI,
        hidden_units: Units = BERNOULLI,
        deviation: float = 0.01,
    ) -> None:
        super().__init__()
        self.visible_units, self.hidden_units = visible_units, hidden_units
        self.weight = nn.Parameter(deviation * torch.randn(visible, hidden))
        self.visible_bias = nn.Parameter(torch.zeros(visible))
        self.hidden_bias = nn.Parameter(torch.zeros(hidden))

    @property
    def machine(self) -> BoltzmannMachine:
        """The machine over the present weights."""
        return BoltzmannMachine(
            self.weight, self.visible_bias, self.hidden_bias, self.visible_units, self.hidden_units
        )


def contrastive_divergence(
    machine: BoltzmannMachine, visible: Tensor, steps: int = 1, *, mean_field: bool = False
) -> Tensor:
    """The loss whose gradient is that of contrastive divergence: mean F(v⁰) - F(vᵏ) over the rows `(N, D)`.

    Paper: Hinton 2002, Neural Computation 14. vᵏ follows from v⁰ by k `steps` of Gibbs sampling, and is a
    constant, so that the gradient in W is -(⟨vhᵀ⟩⁰ - ⟨vhᵀ⟩ᵏ), with the probabilities of h in place of its
    states in both. With `mean_field` visible units take their mean in place of a sample, as Hinton &
    Salakhutdinov 2006 do; hidden ones are always drawn. The loss itself is not what is minimized, and says
    little about the progress.
    """
    return (
        machine.free_energy(visible) - machine.free_energy(_ends(machine, visible, steps, mean_field))
    ).mean()


@torch.no_grad()
def _ends(machine: BoltzmannMachine, visible: Tensor, steps: int, mean_field: bool) -> Tensor:
    """vᵏ `(N, D)` of chains that begin at data `(N, D)`."""
    for _ in range(steps):
        hidden = machine.sample_hidden(visible)  # (N, H)
        visible = machine.visible_mean(hidden) if mean_field else machine.sample_visible(hidden)  # (N, D)
    return visible


def log_odds(probability: Tensor, least: float = 0.01) -> Tensor:
    """log p / (1 - p) of probabilities, kept `least` away from 0 and 1: the biases under which visible units
    alone have these means (Hinton 2010, A practical guide to training restricted Boltzmann machines).
    """
    return probability.clamp(least, 1 - least).logit()
