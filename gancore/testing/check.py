"""Checks, and the checks that apply to a class of parts."""

from collections.abc import Callable
from typing import Any

import attrs

from gancore.component.part import Part, summary
from gancore.testing.trial import Trial

Function = Callable[[Trial[Any]], None]
Excuse = Callable[[Any], str]
"""Why a check does not apply to a built part; empty if it does."""


class ContractError(AssertionError):
    """A part violates the contract of its interface."""


def ensure(kept: object, text: str) -> None:
    """Raises ContractError with `text` (what was found, what was expected) unless the condition holds."""
    if not kept:
        raise ContractError(text)


def applies(_: Part) -> str:
    """The excuse of a check that applies to every part of its kinds."""
    return ""


@attrs.frozen
class Check:
    """One check: a function of a trial, for all parts of some kinds."""

    name: str
    interfaces: tuple[type[Part], ...]
    function: Function
    excuse: Excuse
    trials: int

    @property
    def promise(self) -> str:
        """What is checked, in one sentence."""
        return summary(self.function)


_CHECKS: list[Check] = []


def check(
    *interfaces: type[Part], excuse: Excuse = applies, trials: int = 4
) -> Callable[[Function], Function]:
    """Registers a function of a `Trial` as a check, of the same name, of every part that derives from one of
    `interfaces`.

    `excuse` returns why the check does not apply to a built part, or an empty string. `trials` is the number
    of trials.
    """

    def wrap(function: Function) -> Function:
        _CHECKS.append(Check(function.__name__, interfaces, function, excuse, trials))
        return function

    return wrap


def checks_for(cls: type[Part]) -> list[Check]:
    """The checks that apply to parts of a class, by its kind."""
    return [c for c in _CHECKS if issubclass(cls, c.interfaces)]
