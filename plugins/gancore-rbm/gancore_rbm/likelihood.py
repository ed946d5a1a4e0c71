"""The log-likelihood of images under a restricted Boltzmann machine."""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from gancore.component.randomness import fold, seeded, uniform
from gancore.errors import UserError
from gancore.nn.boltzmann import Bernoulli
from gancore_rbm.encoder import RBMEncoder
from gancore_rbm.partition import MOST_UNITS, Partition, annealed_log_partition, exact_log_partition

CHUNK = 512
"""Images computed at a time; what is drawn for them depends on the seed and the number of the chunk."""


class Likelihood(NamedTuple):
    """log p(v) of each image `(N,)` in nats, float64 on the CPU, and the log Z that was subtracted."""

    nats: Tensor
    partition: Partition


def log_partition(
    encoder: RBMEncoder, *, chains: int = 100, temperatures: int = 1000, seed: int = 0
) -> Partition:
    """log Z of a trained machine: exact if one layer has at most 25 Bernoulli units, otherwise estimated by
    `annealed_log_partition`, from visible units with the means of the data.
    """
    machine = encoder.machine
    smaller = min(machine.weight.shape) if isinstance(machine.visible, Bernoulli) else machine.weight.shape[1]
    if smaller <= MOST_UNITS:
        return Partition(exact_log_partition(machine), 0.0)
    base = encoder.generator.base
    return annealed_log_partition(machine, base, chains=chains, temperatures=temperatures, seed=seed)


@torch.no_grad()
def log_likelihood(
    encoder: RBMEncoder, images: Tensor | Iterable[Tensor], partition: Partition, *, seed: int = 0
) -> Likelihood:
    """log p(v) = -F(v) - log Z of images `(N, C, H, W)` in [-1, 1], or of batches of them.

    Bernoulli units have states 0 and 1, so each value is first drawn from its probability, as Salakhutdinov &
    Murray 2008 do with MNIST: these are probabilities of black and white images. Gaussian units give the
    density of standardized values.

    Raises:
        UserError: there are no images.
    """
    machine, found = encoder.machine, []
    batches = [images] if isinstance(images, Tensor) else images
    for i, chunk in enumerate(chunk for batch in batches for chunk in batch.split(CHUNK)):
        visible = encoder.generator.visible(chunk.to(machine.weight.device))
        if isinstance(machine.visible, Bernoulli):
            with seeded(fold(seed, "binary", i), visible.device):
                visible = (uniform(*visible.shape, like=visible) < visible).to(visible.dtype)
        found.append(-machine.free_energy(visible).double().cpu())
    if not found:
        raise UserError("log_likelihood got no images; give at least one")
    return Likelihood(torch.cat(found) - partition.log_z, partition)
