"""Running a check on a class: hypothesis draws the trials."""

from functools import lru_cache
from typing import Any, cast
from unittest import SkipTest

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st

from gancore.component.part import Part
from gancore.component.randomness import fold, seeded
from gancore.errors import FactError, FitError
from gancore.testing.check import Check, ContractError
from gancore.testing.trial import RECENT, Configuration, Trial, choices, configurations

SEED = 0xCA1AF67895A4A9D4285A27D76572234111CE4F38F5F682C4E99972171EE1E12C66E30DA2A75A6DBC1FA0A40D17D145DE
"""What all draws follow from; another number draws other trials."""


def run_check(cls: type[Part], check: Check) -> None:
    """Runs a check on trials of a class, at least one for each of its `examples`.

    Raises:
        ContractError: the contract is violated; or any error that the part itself raised.
        SkipTest: the check applies to no configuration of the class.
        UserError: no configuration of the class can be built.
    """
    several = configurations(cls)
    excuses = [check.excuse(configuration.part) for configuration in several]
    usable = [configuration for configuration, excuse in zip(several, excuses, strict=True) if not excuse]
    if not usable:
        raise SkipTest(excuses[0])

    groups = _by_example(usable)
    for group in groups:
        _try(check, group, -(-check.trials // len(groups)))


def _by_example(usable: list[Configuration]) -> list[list[Configuration]]:
    """The configurations of each example of a class; the first of each group differ in their facts."""
    groups: dict[int, list[Configuration]] = {}
    for configuration in usable:
        groups.setdefault(id(configuration.options), []).append(configuration)
    several = [list(group) for group in groups.values()]
    return [group[i % len(group) :] + group[: i % len(group)] for i, group in enumerate(several)]


def _try(check: Check, usable: list[Configuration], trials: int) -> None:
    def attempt(trial: Trial[Any]) -> None:
        _judge(check, trial)

    settings = hypothesis.settings(
        max_examples=trials,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    # without a seed hypothesis would take one from the source of `attempt`, which it would read every time
    hypothesis.seed(SEED)(settings(hypothesis.given(_trials(usable))(attempt)))()


def _judge(check: Check, trial: Trial[Any]) -> None:
    hypothesis.assume(not check.excuse(trial.configuration.part))
    with seeded(fold(trial.seed, check.name)):
        try:
            check.function(trial)
        except ContractError as error:
            text = f"{trial.configuration.part.qualified_name}: {error} (in {trial!r})"
            raise ContractError(text) from None


@st.composite
def _trials(draw: st.DrawFn, usable: list[Configuration]) -> Trial[Any]:
    configuration = draw(st.sampled_from(usable))
    changes = [(name, draw(st.sampled_from(values))) for name, values in choices(configuration).items()]
    if any(value != getattr(configuration.part, name) for name, value in changes):
        changed = _changed(configuration, tuple(changes))
        hypothesis.assume(changed)
        configuration = cast(Configuration, changed)
    return Trial(configuration, n=draw(st.sampled_from([3, 2, 4])), seed=draw(st.integers(0, 2**16)))


@lru_cache(maxsize=RECENT)
def _changed(configuration: Configuration, changes: tuple[tuple[str, Any], ...]) -> Configuration | None:
    """The configuration with these options, the same for all checks of a class; None if they do not fit."""
    changed = configuration.changed(dict(changes))
    try:
        changed.part.require()
    except (FactError, FitError, ValueError):
        return None
    return changed
