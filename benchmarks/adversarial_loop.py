"""A step of the adversarial families as a plain loop around their networks, in a few lines of PyTorch."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot, relu, softplus

from gancore.nn.spectral_norm import Spectral

Score = Callable[[Tensor], Tensor]
Loss = Callable[[Score, Tensor, Tensor], Tensor]


def slopes(score: Score, image: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(score(image).sum(), image, create_graph=True)
    return gradient.flatten(1)


def hinge(score: Score, real: Tensor, fake: Tensor) -> Tensor:
    return relu(1 - score(real)).mean() + relu(1 + score(fake)).mean()


def critic(score: Score, real: Tensor, fake: Tensor) -> Tensor:
    share = torch.rand(len(real), 1, 1, 1)
    between = (share * real + (1 - share) * fake).requires_grad_()
    penalty = (torch.linalg.vector_norm(slopes(score, between), dim=1) - 1).square().mean()
    return score(fake).mean() - score(real).mean() + 10 * penalty


def pairing(score: Score, real: Tensor, fake: Tensor) -> Tensor:
    sides = [image.detach().requires_grad_() for image in (real, fake)]
    scores = [score(side) for side in sides]
    penalty = torch.zeros(())
    for value, side in zip(scores, sides, strict=True):
        (gradient,) = torch.autograd.grad(value.sum(), side, create_graph=True)
        penalty = penalty + gradient.square().sum((1, 2, 3)).mean()
    return softplus(scores[1] - scores[0]).mean() + 0.05 / 2 * penalty


def raised(score: Score, real: Tensor, fake: Tensor) -> Tensor:
    return -score(fake).mean()


def paired(score: Score, real: Tensor, fake: Tensor) -> Tensor:
    return softplus(score(real) - score(fake)).mean()


LOSSES: dict[str, tuple[Loss, Loss]] = {
    "sngan": (hinge, raised),
    "wgan-gp": (critic, raised),
    "biggan": (hinge, raised),
    "r3gan": (pairing, paired),
}
"""The losses of discriminator and generator."""


def loop(family: str, recipe: Any, image: Tensor, label: Tensor | None, precision: str) -> Callable[[], None]:
    """One update of each player, of the recipe's networks, in turn, and of the averaged weights."""
    g, d = recipe.generator.train(), recipe.discriminator.train()
    kept, n = deepcopy(g).requires_grad_(False), len(image)
    real = image.to(memory_format=torch.channels_last)
    optimizers = {m: torch.optim.Adam(m.parameters(), 2e-4, betas=(0.0, 0.9), fused=True) for m in (g, d)}

    def code(labels: Tensor | None) -> Tensor:
        z = torch.randn(n, g.latent_size)
        return z if labels is None else torch.cat([z, one_hot(labels, recipe.classes).float()], dim=1)

    def scored(images: Tensor, labels: Tensor | None) -> Tensor:
        scores: Tensor = d(images, labels)
        return scores

    def cast() -> AbstractContextManager[object]:
        return torch.autocast("cpu", torch.bfloat16) if precision == "bf16" else nullcontext()

    def update(player: nn.Module, loss: Loss) -> None:
        for each in (g, d):
            each.requires_grad_(each is player)
        labels = None if label is None else torch.randint(recipe.classes, (n,))
        with cast():
            with torch.set_grad_enabled(player is g):
                fake = g(code(labels))
            # each image is scored with its own label
            value = loss(lambda x: scored(x, label if x is real else labels), real, fake)
        torch.autograd.backward(value)
        optimizers[player].step()
        optimizers[player].zero_grad(set_to_none=True)
        with torch.no_grad():
            for layer in player.modules():
                if isinstance(layer, Spectral):
                    layer.update_buffers()

    def step() -> None:
        for player, loss in zip((d, g), LOSSES[family], strict=True):
            update(player, loss)
        with torch.no_grad():
            torch._foreach_lerp_(list(kept.parameters()), list(g.parameters()), 0.001)
            torch._foreach_copy_(list(kept.buffers()), list(g.buffers()))

    return step
