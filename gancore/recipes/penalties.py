"""Splits penalties into terms of the main update and lazy ones, which are separate updates."""

from collections.abc import Iterable
from typing import Any

from gancore.component.interfaces import DiscriminatorRegularizer, GeneratorRegularizer, Terms
from gancore.component.part import Part
from gancore.errors import FitError
from gancore.recipes.base import Run

Penalty = DiscriminatorRegularizer | GeneratorRegularizer


def named(penalties: Iterable[Part]) -> dict[str, Any]:
    """Parts by name; a second one of the same name becomes `r1-2`."""
    names: dict[str, Any] = {}
    for penalty in penalties:
        count = sum(other.name == penalty.name for other in names.values())
        names[f"{penalty.name}-{count + 1}" if count else penalty.name] = penalty
    return names


def combined(terms: Terms, more: Terms) -> Terms:
    """The terms of both; one whose name is taken already gets a number."""
    taken = dict(terms)
    for name, value in more.items():
        count = sum(other == name or other.startswith(f"{name}-") for other in taken)
        taken[f"{name}-{count + 1}" if count else name] = value
    return taken


def is_lazy(penalty: Penalty) -> bool:
    """Whether it is a separate update: not applied in every step, or only to a fraction of the batch."""
    return penalty.every > 1 or getattr(penalty, "batch_fraction", 1.0) < 1


def eager(penalties: Iterable[Penalty]) -> dict[str, Any]:
    """The penalties that are terms of the main update."""
    return {name: penalty for name, penalty in named(penalties).items() if not is_lazy(penalty)}


def check_eager(penalties: Iterable[Penalty], why: str) -> None:
    """Raises FitError if a penalty is lazy, where the share of main updates, which `rescale` gives, is not
    fixed.
    """
    for penalty in filter(is_lazy, penalties):
        raise FitError(
            f"{why}, so optimizers cannot correct for the lazy updates of {penalty.qualified_name}; "
            "set its every = 1"
        )


def due(penalties: Iterable[Penalty], run: Run) -> Iterable[tuple[str, Any]]:
    """The lazy penalties that are due in this step."""
    return [
        (name, penalty)
        for name, penalty in named(penalties).items()
        if is_lazy(penalty) and run.every(penalty.every)
    ]


def rescale(penalties: Iterable[Penalty], updates: int = 1) -> float:
    """The fraction of main updates among all updates of a player that makes `updates` of them in a step.

    n k / (n k + 1) for n updates and one penalty in every k-th step.
    """
    return updates / (updates + sum(1 / penalty.every for penalty in penalties if is_lazy(penalty)))
