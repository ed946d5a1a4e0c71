"""One step of a recipe; the first one shows whether the recipe asks everything that stands in its seats."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any

import torch

from gancore.component.fields import SeatField, seats
from gancore.component.interfaces import (
    Augment,
    Auxiliary,
    Constraint,
    DiscriminatorRegularizer,
    GeneratorRegularizer,
    Loss,
)
from gancore.component.part import Part, children
from gancore.errors import FitError
from gancore.recipes.base import Recipe
from gancore.training.run import TrainingRun

ASKED: Mapping[type[Part], tuple[str, ...]] = {
    DiscriminatorRegularizer: ("forward",),
    GeneratorRegularizer: ("forward",),
    Auxiliary: ("discriminator", "generator"),
    Augment: ("forward",),
    Loss: ("discriminator", "generator"),
}
"""The methods that a step calls, by kind."""


def take_step(run: TrainingRun) -> None:
    """One step of the recipe. Raises FitError after the first one if it left out what stands in a seat."""
    if run.step:
        run.recipe.step(run)
    else:
        with all_asked(run.recipe):
            run.recipe.step(run)
    run.step += 1


@contextmanager
def all_asked(recipe: Recipe) -> Iterator[None]:
    """Raises FitError at the end if a penalty, an auxiliary objective, an augmentation, a loss or a
    constraint that stands in a seat of the recipe was not asked inside.

    Seats in `recipe.idle_at_first` may stay idle, and so may a loss or an augmentation that is the seat's
    default.
    """
    defaults = {place.name: place for place in seats(type(recipe))}
    watched = {
        path: child
        for path, child in children(recipe)
        if (place := defaults[path.partition(".")[0]]).name not in recipe.idle_at_first
        and not _is_default(place, child)
    }
    called: set[str] = set()
    for path, child in watched.items():
        for method in _methods(child):
            _watch(child, method, f"{path} {method}", called)
    try:
        yield
    finally:
        for child in watched.values():
            for method in _methods(child):
                child.__dict__.pop(method, None)
    for path, child in watched.items():
        _ensure_asked(recipe, path, child, called)


def _methods(part: Part) -> tuple[str, ...]:
    if isinstance(part, Augment) and part.replaces:
        return (*ASKED[Augment], "replaced")
    return next((methods for kind, methods in ASKED.items() if isinstance(part, kind)), ())


def _is_default(place: SeatField, part: Part) -> bool:
    return isinstance(part, Loss | Augment) and type(part) is place.default


def _watch(part: Part, method: str, word: str, called: set[str]) -> None:
    inner = getattr(part, method)
    note = torch.compiler.disable(called.add)  # type: ignore[no-untyped-call]

    @wraps(inner)
    def noting(*given: Any, **how: Any) -> Any:
        note(word)
        return inner(*given, **how)

    part.__dict__[method] = noting


def _ensure_asked(recipe: Recipe, path: str, part: Part, called: set[str]) -> None:
    if isinstance(part, Constraint):
        players = recipe.players().values()
        missing = [] if any(part in player.constraints for player in players) else ["the constraint"]
    else:
        methods = _methods(part)
        missing = [method for method in methods if f"{path} {method}" not in called]
        if isinstance(part, Loss) and len(missing) < len(methods):
            return  # a recipe may have a loss of its own for one of the players
    if missing:
        which = f" ({' and '.join(missing)})" if missing not in (["forward"], ["the constraint"]) else ""
        raise FitError(
            f"{recipe.qualified_name} never asks {part.qualified_name} (seat {path}){which}, so it would "
            "have no effect: a method that the recipe overrides leaves the seat out; take the part out, or "
            "use a recipe that asks it, such as recipe/two-player"
        )
