"""Checks of regularizers of the discriminator, on a small smooth discriminator."""

from typing import Any

import torch
from torch import Tensor

from gancore.component.interfaces import DiscriminatorRegularizer
from gancore.component.randomness import seeded
from gancore.testing.check import check, ensure
from gancore.testing.excuses import row_by_row
from gancore.testing.penalty_assertions import (
    ensure_declared,
    ensure_descends,
    ensure_exact,
    ensure_remembered,
    nothing_left,
)
from gancore.testing.toy_networks import CLASSES, CODE, SHAPE, Critic, Flat, Smooth, Watched
from gancore.testing.trial import Trial


@check(DiscriminatorRegularizer)
def is_a_scalar_to_descend(trial: Trial[DiscriminatorRegularizer]) -> None:
    """It is a finite float32 scalar with a finite gradient in the discriminator's weights that is not all
    zero.
    """
    critic = _critic(trial)
    ensure_descends(_penalty(trial, critic), critic)


@check(DiscriminatorRegularizer)
def fair_to_a_flat_discriminator(trial: Trial[DiscriminatorRegularizer]) -> None:
    """A discriminator that ignores its image gets the same penalty whatever the images are, with a finite
    gradient.
    """
    critic = Flat()
    first, other = _penalty(trial, critic), _penalty(trial, critic, "other ")
    text = (
        f"a discriminator that ignores its image gets the penalty {first.tolist()} on some images and "
        f"{other.tolist()} on others"
    )
    ensure(torch.allclose(first, other, atol=1e-6), text)
    ensure(
        bool(first.isfinite()), f"a discriminator that ignores its image gets the penalty {first.tolist()}"
    )
    if first.requires_grad:
        first.backward()  # type: ignore[no-untyped-call]
    wrong = [
        name for name, p in critic.named_parameters() if p.grad is not None and not p.grad.isfinite().all()
    ]
    ensure(
        not wrong,
        "where the gradient in the image is zero, the gradient of the penalty is not finite; the "
        "square root of a sum of squares has none there",
    )


@check(DiscriminatorRegularizer)
def leaves_nothing_behind(trial: Trial[DiscriminatorRegularizer]) -> None:
    """Gradients, flags and weights are the same as before."""
    critic, maker = _critic(trial), Smooth(trial.rng("maker"), CODE, *SHAPE)
    critic.bias.requires_grad_(False)
    image, code = trial.images(4, *SHAPE), trial.normal(4, CODE)
    real = critic.scored(image, trial.labels(CLASSES, 4), gradient=trial.part.gradient)
    fake = critic.generated(maker, code, trial.labels(CLASSES, 4), gradient=trial.part.gradient)
    with nothing_left(critic, maker, image, allowed=image if trial.part.gradient else None):
        trial.part(real.score, real, fake)


@check(DiscriminatorRegularizer)
def declares_what_it_reads(trial: Trial[DiscriminatorRegularizer]) -> None:
    """Its class says `conditional` where it reads labels, and `reads_features` where it reads features."""
    real, fake = _records(trial, _critic(trial))
    trial.part(real.score, real, fake)
    ensure_declared(trial.part, real, fake)


@check(DiscriminatorRegularizer)
def remembers_in_its_state_dict(trial: Trial[DiscriminatorRegularizer]) -> None:
    """What it learns in updates is in its state dict: another one that loads it gives the same penalty."""
    ensure_remembered(trial, lambda one: _penalty(one, _critic(one)))


@check(DiscriminatorRegularizer, excuse=row_by_row)
def is_exact_in_pieces(trial: Trial[DiscriminatorRegularizer]) -> None:
    """The penalty of a batch is the mean of those of its halves; random numbers come from
    `gancore.component.randomness`.
    """
    critic = _critic(trial)
    ensure_exact(_penalty(trial, critic), lambda rows: _penalty(trial, critic, "", rows))


def _critic(trial: Trial[Any]) -> Critic:
    return Critic(trial.rng("critic"), (6,))


def _records(
    trial: Trial[DiscriminatorRegularizer], critic: Critic, word: str = "", rows: slice = slice(None)
) -> tuple[Watched, Watched]:
    maker = Smooth(trial.rng(f"{word}maker"), CODE, *SHAPE).requires_grad_(False)
    code, label = trial.normal(4, CODE, word=f"{word}code"), trial.labels(CLASSES, 4)
    image, gradient = trial.images(4, *SHAPE, word=f"{word}real"), trial.part.gradient
    return (
        critic.scored(image[rows], label[rows], gradient=gradient),
        critic.generated(maker, code[rows], label[rows], gradient=gradient),
    )


def _penalty(
    trial: Trial[DiscriminatorRegularizer], critic: Critic, word: str = "", rows: slice = slice(None)
) -> Tensor:
    real, fake = _records(trial, critic, word, rows)
    with seeded(trial.seed):
        made: Tensor = trial.part(real.score, real, fake)
        return made
