"""Checks of weight averages."""

from typing import Any

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Average
from gancore.component.weights import load_state
from gancore.nn.running_statistics import running_statistics
from gancore.testing.check import check, ensure
from gancore.testing.toy_networks import Averaged
from gancore.testing.trial import Trial


def _started(trial: Trial[Average], average: Average | None = None) -> tuple[Averaged, Average]:
    live = Averaged(image=(3, 2, 2))
    average = average or trial.part
    average.start(generator=live)
    return live, average


def _move(live: nn.Module, by: float = 1.0) -> None:
    with torch.no_grad():
        for t in [*live.parameters(), *live.buffers()]:
            t.add_(by if t.is_floating_point() else int(by))


@check(Average)
def starts_from_the_module(trial: Trial[Average]) -> None:
    """At first the average equals the module."""
    live, average = _started(trial)
    _ensure_within(average.of("generator"), live, live)


@check(Average)
def follows_the_module(trial: Trial[Average]) -> None:
    """After a step it is between its previous value and the module's; buffers are copied; the module is not
    changed.
    """
    live, average = _started(trial)
    old = {k: v.clone() for k, v in live.state_dict().items()}
    _move(live)
    now = {k: v.clone() for k, v in live.state_dict().items()}
    average.follow(images=1000, batch=10)
    ensure(
        all(torch.equal(v, live.state_dict()[k]) for k, v in now.items()),
        "following a module changes the module",
    )
    kept = average.of("generator")
    for name, value in _followed(kept).items():
        inside = bool(((value >= old[name] - 1e-6) & (value <= now[name] + 1e-6)).all())
        ensure(inside, f"after one step {name} is not between its previous value and the module's")
    seen = float(kept.get_buffer("seen"))
    ensure(seen == 1.0, f"the buffer `seen` is {seen} after a step, expected the module's 1")


@check(Average)
def catches_up(trial: Trial[Average]) -> None:
    """If the module stays constant, the average converges to it."""
    live, average = _started(trial)
    _move(live)
    for step in range(1, 60):
        average.follow(images=step * 100_000, batch=100_000)
    _ensure_within(average.of("generator"), live, live)


@check(Average)
def saves_the_average(trial: Trial[Average]) -> None:
    """All that it keeps is in its state dict, or is the module itself."""
    live, average = _started(trial)
    _move(live)
    average.follow(images=1000, batch=10)
    other_live, other = _started(trial, trial.fresh())
    load_state(other_live, live.state_dict())
    other.load_state_dict(average.state_dict())
    _ensure_within(other.of("generator"), average.of("generator"), average.of("generator"))


def _followed(module: nn.Module) -> dict[str, Tensor]:
    """The weights and buffers of a copy, without running statistics, which it may compute itself."""
    own = {name for name, _ in running_statistics(module)}
    return {name: value for name, value in module.state_dict().items() if name not in own}


def _ensure_within(found: Any, first: nn.Module, second: nn.Module) -> None:
    low, high = first.state_dict(), second.state_dict()
    for name, value in _followed(found).items():
        near = torch.allclose(value, low[name], atol=1e-4) or torch.allclose(value, high[name], atol=1e-4)
        ensure(
            near,
            f"the average's {name} is off by {float((value - low[name]).abs().max()):.2g}, expected the same",
        )
