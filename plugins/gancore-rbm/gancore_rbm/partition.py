"""log Z of a restricted Boltzmann machine: exact for few units, or by annealed importance sampling."""

import math
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from gancore.component.randomness import fold, seeded
from gancore.errors import UserError
from gancore.nn.boltzmann import Bernoulli, BoltzmannMachine
from gancore.progress import tell

MOST_UNITS = 25
"""Units of the smaller layer whose states are all counted."""
CHUNK = 2**14
"""States computed at a time."""


class Partition(NamedTuple):
    """An estimate of log Z, and its standard error."""

    log_z: float
    error: float


@torch.no_grad()
def exact_log_partition(machine: BoltzmannMachine) -> float:
    """log Z, by counting all states of the smaller of the two layers, whose units are Bernoulli.

    Raises:
        UserError: there are more than `MOST_UNITS` of them.
    """
    sizes = machine.weight.shape
    layers = [
        (n, energy)
        for n, units, energy in (
            (sizes[0], machine.visible, machine.free_energy),
            (sizes[1], machine.hidden, machine.hidden_free_energy),
        )
        if isinstance(units, Bernoulli)
    ]
    size, energy = min(layers, key=lambda layer: layer[0], default=(math.inf, machine.free_energy))
    if size > MOST_UNITS:
        raise UserError(
            f"all states of {size} units cannot be counted, {MOST_UNITS} at most; estimate log Z by "
            "annealed_log_partition instead"
        )
    total = torch.full((), -torch.inf, dtype=torch.float64, device=machine.weight.device)
    for start in range(0, 2 ** int(size), CHUNK):
        numbers = torch.arange(start, min(start + CHUNK, 2 ** int(size)), device=total.device)
        bits = (numbers[:, None] >> torch.arange(int(size), device=total.device)) & 1  # (n, size)
        total = torch.logaddexp(total, (-energy(bits.to(machine.weight.dtype)).double()).logsumexp(0))
    return float(total)


@torch.no_grad()
def annealed_log_partition(
    machine: BoltzmannMachine, base: Tensor, *, chains: int = 100, temperatures: int = 1000, seed: int = 0
) -> Partition:
    """Estimates log Z by annealed importance sampling.

    Paper: Salakhutdinov & Murray 2008, On the quantitative analysis of deep belief networks, ICML. Chains
    begin at independent visible units with biases `base` `(D,)`, best those of the means of the data, where Z
    is known, and make one Gibbs step at each inverse temperature on the way to the machine. Z is the mean of
    the importance weights, so that its logarithm is underestimated on average, less with more `temperatures`.
    As in the paper, inverse temperatures are closest near 1: a thirtieth of them is below 0.5, a quarter more
    below 0.9. Difference: the hidden units of the first machine have no biases.

    Raises:
        UserError: fewer than 2 chains or temperatures.
    """
    if chains < 2 or temperatures < 2:
        raise UserError(f"chains and temperatures must be at least 2; got {chains} and {temperatures}")
    with seeded(fold(seed, "partition"), machine.weight.device):
        weights = _log_weights(machine, base, chains, temperatures)  # (chains,)
    first = machine.at(0.0, base)
    start = float(_independent(first))
    mean = float(weights.logsumexp(0)) - math.log(chains)
    relative = (weights - mean).exp()
    return Partition(start + mean, float(relative.std() / math.sqrt(chains)))


def _independent(machine: BoltzmannMachine) -> Tensor:
    """log Z of a machine without weights."""
    visible = machine.visible.log_partition(machine.visible_bias.double()).sum()
    return visible + machine.hidden.log_partition(machine.hidden_bias.double()).sum()


def _log_weights(machine: BoltzmannMachine, base: Tensor, chains: int, temperatures: int) -> Tensor:
    """The logarithm of the importance weight of each chain, float64."""
    betas = spaced(temperatures)
    present = machine.at(betas[0], base)
    visible = present.visible.sample(present.visible_bias.expand(chains, -1))  # (chains, D)
    weights = torch.zeros(chains, dtype=torch.float64, device=visible.device)
    for k, beta in enumerate(betas[1:], 1):
        following = machine.at(beta, base)
        weights += (present.free_energy(visible) - following.free_energy(visible)).double()
        visible = following.gibbs(following.sample_hidden(visible))[0]
        present = following
        if k % 100 == 0:
            tell("temperatures", k, temperatures)
    return weights


def spaced(count: int) -> list[float]:
    """Inverse temperatures from 0 to 1, in the proportions of the paper: 500 to 0.5, 4,000 to 0.9, 10,000
    to 1.
    """
    place = torch.linspace(0, 1, count, dtype=torch.float64)
    knots = [(0.0, 0.0), (500 / 14500, 0.5), (4500 / 14500, 0.9), (1.0, 1.0)]
    betas = torch.zeros_like(place)
    for (start, low), (stop, high) in pairwise(knots):
        inside = (place >= start) & (place <= stop)
        betas[inside] = low + (place[inside] - start) / (stop - start) * (high - low)
    return [float(beta) for beta in betas]
