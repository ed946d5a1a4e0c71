"""Running a check on a class: hypothesis draws the trials."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, TypeVar, cast
from unittest import SkipTest

import hypothesis
import numpy as np
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st

from gancore.component.part import Part
from gancore.component.randomness import fold, seeded
from gancore.errors import FactError, FitError
from gancore.testing.check import Check, ContractError, Excuse
from gancore.testing.trial import RECENT, Configuration, Trial, choices, configurations

SEED = 0xCA1AF67895A4A9D4285A27D76572234111CE4F38F5F682C4E99972171EE1E12C66E30DA2A75A6DBC1FA0A40D17D145DE
"""What all draws follow from; another number draws other trials."""

SPARE = 3
"""Coins beyond those that number the values, so that all are about as likely."""
T = TypeVar("T")
Drawn = tuple[Configuration, int, int]
"""A configuration, a batch size and a seed."""


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
        for configuration, n, seed in _drawn(tuple(group), -(-check.trials // len(groups)), check.excuse):
            _judge(check, Trial(configuration, n=n, seed=seed))


def _by_example(usable: list[Configuration]) -> list[list[Configuration]]:
    """The configurations of each example of a class; the first of each group differ in their facts."""
    groups: dict[int, list[Configuration]] = {}
    for configuration in usable:
        groups.setdefault(id(configuration.options), []).append(configuration)
    several = [list(group) for group in groups.values()]
    return [group[i % len(group) :] + group[: i % len(group)] for i, group in enumerate(several)]


@lru_cache(maxsize=RECENT)
def _drawn(usable: tuple[Configuration, ...], trials: int, excuse: Excuse) -> tuple[Drawn, ...]:
    """What hypothesis draws, so many times, from what is not excused: the same for all checks of a class."""
    found: list[Drawn] = []

    def take(drawn: Drawn) -> None:
        hypothesis.assume(not excuse(drawn[0].part))
        found.append(drawn)

    settings = hypothesis.settings(
        max_examples=trials,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    # without a seed hypothesis would take one from the source of `take`, which it would read every time
    hypothesis.seed(SEED)(settings(hypothesis.given(_draws(usable))(take)))()
    return tuple(found)


def _judge(check: Check, trial: Trial[Any]) -> None:
    with seeded(fold(trial.seed, check.name)), _others_seeded():
        try:
            check.function(trial)
        except ContractError as error:
            text = f"{trial.configuration.part.qualified_name}: {error} (in {trial!r})"
            raise ContractError(text) from None


@contextmanager
def _others_seeded() -> Iterator[None]:
    """Inside, the global random numbers of Python and of numpy start anew; afterwards they are restored."""
    python, numbers = random.getstate(), np.random.get_state()
    random.seed(0)
    np.random.seed(0)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numbers)


@st.composite
def _draws(draw: st.DrawFn, usable: Sequence[Configuration]) -> Drawn:
    configuration = draw(_one_of(usable))
    changes = [(name, draw(_one_of(values))) for name, values in choices(configuration).items()]
    if any(value != getattr(configuration.part, name) for name, value in changes):
        changed = _changed(configuration, tuple(changes))
        hypothesis.assume(changed)
        configuration = cast(Configuration, changed)
    return configuration, draw(_one_of([3, 2, 4])), draw(_one_of(range(2**16)))


def _one_of(values: Sequence[T]) -> "st.SearchStrategy[T]":
    """One of several values, by tossing coins, the first before the others.

    Hypothesis takes some of the numbers that it draws from the constants in all modules that are loaded, and
    then trials would change with the tests that run beside them.
    """
    coins = st.tuples(*[st.booleans()] * (len(values).bit_length() + SPARE))
    return coins.map(lambda tossed: values[sum(coin << i for i, coin in enumerate(tossed)) % len(values)])


@lru_cache(maxsize=RECENT)
def _changed(configuration: Configuration, changes: tuple[tuple[str, Any], ...]) -> Configuration | None:
    """The configuration with these options, the same for all checks of a class; None if they do not fit."""
    changed = configuration.changed(dict(changes))
    try:
        changed.part.require()
    except (FactError, FitError, ValueError):
        return None
    return changed
