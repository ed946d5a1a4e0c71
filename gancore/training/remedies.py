"""What may help against an alarm, as changes that a run which has begun accepts."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gancore.component.interfaces import Optimizer
from gancore.component.part import Part
from gancore.component.specs import spec
from gancore.recipes.base import Recipe
from gancore.standard.augments import NoAugment
from gancore.standard.quantizers import Revival

Changes = Mapping[str, Any]

GENTLER, FASTER = 0.25, 2.0
"""Factors of learning rates."""


def remedies(alarm: str, recipe: Recipe) -> list[Changes]:
    """Changes by path, each of which fits the alarm and the recipe."""
    return [found for change in REMEDIES.get(alarm, ()) if (found := change(recipe))]


def _slower(recipe: Recipe) -> Changes:
    return {f"{name}.lr": _times(rate, GENTLER) for name, rate in _rates(recipe)}


def _slower_discriminator(recipe: Recipe) -> Changes:
    return {path: rate for path, rate in _slower(recipe).items() if path.startswith("discriminator")}


def _faster_discriminator(recipe: Recipe) -> Changes:
    return {path: _times(rate, FASTER / GENTLER) for path, rate in _slower_discriminator(recipe).items()}


def _penalty(recipe: Recipe) -> Changes:
    """R1, or more of the penalty that there is."""
    there = getattr(recipe, "regularizers", None)
    if there is None or not recipe.probes():
        return {}
    weights = [getattr(one, "gamma", None) for one in there]
    if not weights:
        return {"regularizers": ["r1"]}
    return {f"regularizers.{i}.gamma": _times(w, 4) for i, w in enumerate(weights) if isinstance(w, float)}


def _weaker_penalty(recipe: Recipe) -> Changes:
    return {path: value / 16 for path, value in _penalty(recipe).items() if isinstance(value, float)}


def _augmentation(recipe: Recipe) -> Changes:
    return {"augment": "diffaugment"} if isinstance(getattr(recipe, "augment", None), NoAugment) else {}


def _weaker_prior(recipe: Recipe) -> Changes:
    weight = getattr(recipe, "beta", None)
    return {"beta": _times(weight, 0.5)} if isinstance(weight, float) and _plain(recipe, "beta") else {}


def _more_revival(recipe: Recipe) -> Changes:
    """A higher threshold for vectors that are dead, where these are revived."""
    found = {path: one for path, one in recipe.named_modules() if isinstance(one, Revival)}
    plain = {
        path: one.threshold for path, one in found.items() if _plain(one, "threshold") and one.threshold < 1
    }
    return {f"{path}.threshold": min(1.0, _times(value, 4)) for path, value in plain.items()}


def _clipping(recipe: Recipe) -> Changes:
    names = [name for name, _ in _rates(recipe) if hasattr(getattr(recipe, name), "max_norm")]
    return {f"{name}.max_norm": 1.0 for name in names}


def _rates(recipe: Recipe) -> Iterator[tuple[str, float]]:
    """The learning rates that do not follow a schedule, by the name of the optimizer's seat."""
    for name in spec(recipe):
        part = getattr(recipe, name, None)
        if isinstance(part, Optimizer) and isinstance(part, Part) and _plain(part, "lr"):
            yield name, float(part.lr)


def _plain(part: Part, name: str) -> bool:
    return hasattr(part, name) and name not in part.scheduled


def _times(value: float, factor: float) -> float:
    return float(f"{value * factor:.3g}")


REMEDIES: dict[str, tuple[Callable[[Recipe], Changes], ...]] = {
    "collapse": (_penalty, _weaker_prior, _slower),
    "duplicates": (_penalty, _weaker_prior, _augmentation),
    "class-balance": (_penalty, _weaker_prior),
    "discriminator-won": (_slower_discriminator, _augmentation),
    "discriminator-lost": (_faster_discriminator, _weaker_penalty),
    "overfitting": (_augmentation, _penalty),
    "codebook-collapse": (_more_revival, _slower),
    "vanishing-gradients": (_weaker_prior, _slower),
    "exploding-gradients": (_slower, _clipping),
}
"""For each alarm what to try first; a network that reads labels must be there from the beginning."""
