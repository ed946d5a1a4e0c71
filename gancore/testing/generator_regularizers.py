"""Checks of regularizers of the generator, on a small smooth generator."""

import torch
from torch import Tensor, nn

from gancore.component.interfaces import GeneratorRegularizer
from gancore.component.randomness import seeded
from gancore.testing.check import check
from gancore.testing.excuses import row_by_row
from gancore.testing.penalty_assertions import (
    ensure_declared,
    ensure_descends,
    ensure_exact,
    ensure_remembered,
    nothing_left,
)
from gancore.testing.toy_networks import CLASSES, CODE, SHAPE, Critic, Smooth, Watched
from gancore.testing.trial import Trial


@check(GeneratorRegularizer)
def is_a_scalar_for_the_generator(trial: Trial[GeneratorRegularizer]) -> None:
    """It is a finite float32 scalar with a finite gradient in the generator's weights that is not all zero,
    from any code.
    """
    for shape in ((CODE,), (4, CODE)):
        for leaf in (True, False):
            maker = Smooth(trial.rng("maker"), int(torch.Size(shape).numel()), *SHAPE)
            code = trial.normal(4, *shape)
            code = code if leaf else code * torch.ones(1, requires_grad=True)
            ensure_descends(_penalty(trial, maker, code), maker)


@check(GeneratorRegularizer)
def leaves_no_trace_behind(trial: Trial[GeneratorRegularizer]) -> None:
    """Gradients, flags and weights are the same as before."""
    maker, code = Smooth(trial.rng("maker"), CODE, *SHAPE), trial.normal(4, CODE)
    maker.bias.requires_grad_(False)
    with nothing_left(maker, maker, code):
        _penalty(trial, maker, code)


@check(GeneratorRegularizer)
def declares_what_it_asks_for(trial: Trial[GeneratorRegularizer]) -> None:
    """Its class says `conditional` where it reads labels, and `reads_features` where it reads features."""
    maker = Smooth(trial.rng("maker"), CODE, *SHAPE)
    fake, real = _records(trial, maker, trial.normal(4, CODE), slice(None))
    trial.part(maker, fake, real)
    ensure_declared(trial.part, real, fake)


@check(GeneratorRegularizer)
def saves_what_it_remembers(trial: Trial[GeneratorRegularizer]) -> None:
    """What it learns in updates is in its state dict: another one that loads it gives the same penalty."""
    maker = Smooth(trial.rng("maker"), CODE, *SHAPE)

    def penalty(one: Trial[GeneratorRegularizer]) -> Tensor:
        with seeded(trial.seed):
            return _penalty(one, maker, trial.normal(4, CODE))

    ensure_remembered(trial, penalty)


@check(GeneratorRegularizer, excuse=row_by_row)
def is_exact_in_micro_batches(trial: Trial[GeneratorRegularizer]) -> None:
    """The penalty of a batch is the mean of those of its halves; random numbers come from
    `gancore.component.randomness`.
    """
    maker, code = Smooth(trial.rng("maker"), CODE, *SHAPE), trial.normal(4, CODE)

    def penalty(rows: slice) -> Tensor:
        with seeded(trial.seed):
            return _penalty(trial, maker, code[rows], rows)

    ensure_exact(penalty(slice(None)), penalty)


def _records(
    trial: Trial[GeneratorRegularizer], maker: nn.Module, code: Tensor, rows: slice
) -> tuple[Watched, Watched]:
    critic, label = Critic(trial.rng("critic"), (6,)), trial.labels(CLASSES, 4)[rows]
    return critic.generated(maker, code, label), critic.scored(trial.images(4, *SHAPE)[rows], label)


def _penalty(
    trial: Trial[GeneratorRegularizer], maker: nn.Module, code: Tensor, rows: slice = slice(None)
) -> Tensor:
    made: Tensor = trial.part(maker, *_records(trial, maker, code, rows))
    return made
