"""Runs the kit without pytest, and returns results for a table."""

import time
from collections.abc import Iterable
from typing import Literal
from unittest import SkipTest

import attrs

from gancore.component.discovery import registry
from gancore.component.part import Part
from gancore.errors import BrokenPlugin, UnknownPart
from gancore.progress import tell
from gancore.testing.check import Check, checks_for
from gancore.testing.running import run_check

Outcome = Literal["passed", "failed", "expected", "skipped"]


@attrs.frozen
class Result:
    """The result of one check of one part. `reason` is empty if it passed."""

    part: str
    check: str
    outcome: Outcome
    reason: str
    seconds: float


def run_checks(classes: Iterable[type[Part]]) -> list[Result]:
    """The results of all checks of the classes. A failure that a class lists in `expected_failures` counts as
    expected; if it does not occur, the check counts as failed.
    """
    checks = [(cls, check) for cls in classes for check in checks_for(cls)]
    results = []
    for done, (cls, check) in enumerate(checks):
        tell(f"checking {cls.kind}/{cls.name}", done, len(checks))
        results.append(_result(cls, check))
    return results


def check_distribution(name: str) -> list[Result]:
    """The results of all checks of all parts that the installed distribution `name` offers.

    Raises:
        UnknownPart: no installed distribution of that name offers parts.
        BrokenPlugin: it could not be loaded.
    """
    registrations = registry().registrations()
    mine = [offer.cls for offer in registrations if offer.distribution == name]
    if mine:
        return run_checks(mine)
    for failure in registry().failures:
        if failure.distribution == name:
            raise BrokenPlugin(f"{name} could not be loaded: {failure.cause}; `gancore plugins` shows all")
    known = ", ".join(sorted({offer.distribution for offer in registrations}))
    raise UnknownPart(f"no installed distribution {name!r} offers parts; known: {known}. Is it installed?")


def _result(cls: type[Part], check: Check) -> Result:
    expected = cls.expected_failures.get(check.name)
    start = time.perf_counter()
    outcome, reason = _outcome(cls, check)
    if expected and outcome == "failed":
        outcome, reason = "expected", expected
    elif expected and outcome == "passed":
        outcome, reason = (
            "failed",
            f"it was expected to fail ({expected}) but does not: remove it from `expected_failures`",
        )
    address = f"{cls.kind}/{cls.name or cls.__name__}"
    return Result(address, check.name, outcome, reason, time.perf_counter() - start)


def _outcome(cls: type[Part], check: Check) -> tuple[Outcome, str]:
    try:
        run_check(cls, check)
    except SkipTest as excuse:
        return "skipped", str(excuse)
    except Exception as error:
        return "failed", f"{type(error).__name__}: {error}"
    return "passed", ""
