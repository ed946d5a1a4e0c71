"""Checks of optimizers."""

import math

import torch
from torch import nn

from gancore.component.interfaces import Optimizer
from gancore.recipes.base import Player
from gancore.testing.check import check, ensure
from gancore.testing.toy_networks import Averaged
from gancore.testing.trial import Trial
from gancore.training.norms import norms_of
from gancore.training.player_optimizer import PlayerOptimizer


@check(Optimizer)
def a_step_moves_weights(trial: Trial[Optimizer]) -> None:
    """A step moves every weight that has a gradient, by finite amounts."""
    module = nn.Linear(4, 3)
    optimizer = trial.part.make(module.parameters())
    before = [p.detach().clone() for p in module.parameters()]
    _step(module, optimizer)
    for p, old in zip(module.parameters(), before, strict=True):
        ensure(
            bool((p != old).all() and p.isfinite().all()),
            "a step leaves a weight unchanged, or makes it non-finite",
        )


@check(Optimizer)
def rescales_for_lazy_updates(trial: Trial[Optimizer]) -> None:
    """The learning rate is `lr`; with `rescale` = 1/2, twice as many updates with half the gradient go
    equally far, to within a tenth.
    """
    rate = trial.part.make(nn.Linear(4, 3).parameters()).param_groups[0]["lr"]
    ensure(rate == trial.part.lr, f"the learning rate is {rate}, expected lr = {trial.part.lr}")
    far, lazy = _distance(trial.part, 500, 1.0), _distance(trial.part, 1000, 0.5)
    ensure(
        0.9 * far <= lazy <= 1.1 * far,
        f"with rescale=0.5, 1000 updates of half the gradient move a weight by {lazy:g}, "
        f"and 500 without rescale by {far:g}: "
        "expected equal distances to within a tenth",
    )


@check(Optimizer)
def says_clip_and_factor(trial: Trial[Optimizer]) -> None:
    """The largest gradient norm is positive, the schedule's factor finite and not negative."""
    ensure(
        trial.part.clip > 0,
        f"clip is {trial.part.clip!r}, expected a positive number, or infinity for no clipping",
    )
    factor = trial.part.factor(0, 1000)
    ensure(
        math.isfinite(factor) and factor >= 0,
        f"the factor at the start is {factor!r}, expected a finite number, at least 0",
    )


@check(Optimizer)
def goes_on_where_it_was(trial: Trial[Optimizer]) -> None:
    """An optimizer that loaded the saved state makes bit-identical steps."""
    ends = []
    for interrupted in (False, True):
        module = Averaged(image=(3, 2, 2))
        player_optimizer = PlayerOptimizer("player", Player([module], trial.part), [])
        _run(player_optimizer, 2)
        if interrupted:
            saved = player_optimizer.state()
            player_optimizer = PlayerOptimizer("player", Player([module], trial.part), [])
            player_optimizer.restore(*saved)
        _run(player_optimizer, 2)
        ends.append(module.layer.weight.detach())
    ensure(
        torch.equal(*ends),
        "an optimizer that loaded the saved state takes another step; keep its state in "
        "`optimizer.state`, by parameter",
    )


def _distance(optimizer: Optimizer, updates: int, rescale: float) -> float:
    """How far a weight moves in a number of updates with the same gradient, of size `rescale`."""
    weight = nn.Parameter(torch.zeros(1, dtype=torch.float64))
    made = optimizer.make([weight], rescale)
    for _ in range(updates):
        weight.grad = torch.full_like(weight, rescale)
        made.step()
    return abs(weight.item())


def _run(player_optimizer: PlayerOptimizer, steps: int) -> None:
    for i in range(steps):
        for p in player_optimizer.parameters:
            p.grad = torch.full_like(p, 0.1 * (i + 1))
        gradients = player_optimizer.gradients()
        player_optimizer.step(gradients, norms_of(gradients), 0, 1000)


def _step(module: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    for p in module.parameters():
        p.grad = torch.ones_like(p)
    optimizer.step()
