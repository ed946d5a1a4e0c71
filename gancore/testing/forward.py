"""Runs a part of any kind that maps tensors to tensors."""

from typing import Any

import torch
from torch import Tensor

from gancore.component.interfaces import Augment, Conditioner, Discriminator, Encoder, Generator
from gancore.component.part import Part
from gancore.component.randomness import fold, seeded
from gancore.testing.trial import Trial
from gancore.training.state import observed, updating

NETWORKS: tuple[type[Part], ...] = (Conditioner, Generator, Discriminator, Encoder, Augment)
Inputs = tuple[Tensor, Tensor | None]


def can_run(part: Part) -> bool:
    """Whether the part is of a kind that maps tensors to tensors."""
    return isinstance(part, NETWORKS)


def classes_of(part: Part) -> int:
    """The number of classes that the part was given, 0 for none."""
    return int(getattr(part, "classes", 0) or 0)


def inputs(trial: Trial[Any], part: Part, n: int | None = None) -> Inputs:
    """The inputs of the part, including labels if it reads labels."""
    n = n or trial.n
    label = (
        trial.labels(classes_of(part), n)
        if getattr(part, "conditional", False) and classes_of(part)
        else None
    )
    if isinstance(part, Conditioner):
        return trial.latents(part, n), label
    if isinstance(part, Generator):
        read = trial.images if "translator" in part.tags else trial.normal
        return read(n, *part.code_shape, word="code"), label
    image = getattr(part, "image", (3, 12, 16))
    return trial.images(n, *image), label


def forward(part: Part, given: Inputs, *, seed: int = 0) -> Tensor:
    """The result of the part as one tensor with rows; the global generator is seeded first."""
    with seeded(fold(seed, "forward")):
        if isinstance(part, Encoder):
            return _encoded(part(*given) if part.conditional else part(given[0]))
        made: Tensor = part(*given) if isinstance(part, Conditioner | Discriminator) else part(given[0])
        return made


def evaluate(trial: Trial[Any], part: Part, *, training: bool = False) -> Tensor:
    """The result in eval mode, or in training mode, without gradients."""
    before = part.training
    part.train(training)
    with torch.no_grad():
        made = forward(part, inputs(trial, part), seed=trial.seed)
    part.train(before)
    return made


def use(trial: Trial[Any], part: Part) -> None:
    """Two passes in training mode, each followed by the updates of buffers that a training would make."""
    training = part.training
    part.train()
    with torch.no_grad():
        for number in range(2):
            forward(part, inputs(trial, part), seed=number)
            update_buffers(part)
    part.train(training)


@torch.no_grad()
def update_buffers(part: Part) -> None:
    """Updates the buffers of a part and all modules in it, as a training does after each update."""
    modules = list(part.modules())
    for module in updating(modules):
        module.update_buffers()
    for mean in observed(modules):
        mean.clear()


def disturb(part: Part) -> None:
    """Perturbs all weights, away from the zeros and ones of a new part."""
    with torch.no_grad():
        for p in part.parameters():
            p.add_(torch.randn_like(p) * 0.1)


def _encoded(posterior: Any) -> Tensor:
    """Codes, or the mean and a sample of a posterior side by side, so that all its tensors are included."""
    if isinstance(posterior, Tensor):
        return posterior
    return torch.cat([posterior.mean.flatten(1), posterior.sample().flatten(1)], dim=1)
