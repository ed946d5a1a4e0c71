"""Trying an option that follows a schedule."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from gancore.component.fields import option_fields
from gancore.component.interfaces import Loss
from gancore.component.part import Part
from gancore.component.scheduled import advance, may_change
from gancore.component.specs import build, spec
from gancore.component.validators import is_number
from gancore.errors import FitError, GancoreError, SpecError
from gancore.standard.schedules import Linear
from gancore.testing.check import ensure
from gancore.testing.forward import can_run, evaluate
from gancore.testing.trial import Trial


def changes(trial: Trial[Part]) -> Iterator[tuple[str, float, float]]:
    """The options that may follow a schedule: name, present value, and another one that the option takes."""
    for attribute in option_fields(type(trial.part)):
        number = getattr(trial.part, attribute.name)
        if may_change(type(trial.part), attribute) and is_number(number) and math.isfinite(number):
            other = _other(trial, attribute.name, number)
            if other is not None:
                yield attribute.name, number, other


def _other(trial: Trial[Part], name: str, number: float) -> float | None:
    """Another value that the option takes, if one is found."""
    for other in (number / 2, number * 2, number + 0.25, number + 1):
        try:
            if other != number:
                trial.configuration.changed({name: type(number)(other)}).make()
                return type(number)(other)
        except (GancoreError, ValueError):
            continue
    return None


def ensure_follows(trial: Trial[Part], name: str, number: float, other: float) -> None:
    """Raises ContractError if a schedule from one value to the other does not act as the other at its end."""
    schedule = Linear(start=float(number), end=float(other), over=100)
    try:
        part = trial.configuration.changed({name: schedule}).make(seed=trial.seed)
    except (SpecError, FitError):
        return  # it decides layers, or does not fit this configuration
    table = spec(part)
    ensure(
        spec(build(table, part.kind)) == table, f"the part built of a spec with a schedule of {name} differs"
    )
    _outcome(trial, part)
    advance(part, 100, 100)
    expected = trial.configuration.changed({name: other}).make(seed=trial.seed)
    ensure(
        getattr(part, name) == other,
        f"at the end of a schedule, {name} is {getattr(part, name)!r}, expected {other!r}",
    )
    ensure(
        torch.equal(_outcome(trial, part), _outcome(trial, expected)),
        f"{name} followed a schedule to {other:g}, yet results are not those of {name} = {other:g}; "
        "read it where it is used, or declare it with scheduled=False",
    )


def _outcome(trial: Trial[Part], part: Part) -> Tensor:
    """What a part makes of the trial's inputs; nothing where its kind is not tried."""
    if isinstance(part, Loss):
        real, fake = trial.normal(trial.n, word="real"), trial.normal(trial.n, word="fake")
        return torch.stack([part.discriminator(real, fake), part.generator(fake, real)])
    return evaluate(trial, part) if can_run(part) else torch.zeros(0)
