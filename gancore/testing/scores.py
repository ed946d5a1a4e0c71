"""Checks of scores."""

import math
from typing import get_args

import torch

from gancore.errors import MeasureError
from gancore.measure.score import Better, Need, Score, Value
from gancore.measure.study import Side
from gancore.testing.assertions import untouched
from gancore.testing.check import check, ensure
from gancore.testing.toy_study import AnotherExtractor, KitExtractor, study_for
from gancore.testing.trial import Trial

EVERYTHING = frozenset(get_args(Need))
OF_INDICES, OF_NUMBERS = frozenset({"indices"}), frozenset({"pipeline", "movable"})
"""What a study cannot hold at once: codes that are indices, and latents that are moved a little."""


def _everything(score: Score) -> frozenset[Need]:
    """All that a study can hold for this score."""
    return EVERYTHING - (OF_NUMBERS if score.needs & OF_INDICES else OF_INDICES)


@check(Score, trials=1)
def gives_values(trial: Trial[Score]) -> None:
    """Values are finite numbers by name, with a standard error that is non-negative or unknown, and say which
    direction is better.
    """
    found = trial.part(study_for(trial.seed, _everything(trial.part)))
    ensure(isinstance(found, dict) and found, f"it gives {found!r}, expected a dict of values by name")
    for name, value in found.items():
        ensure(isinstance(value, Value), f"{name} is {value!r}, expected a Value")
        fine = math.isfinite(value.value) and (
            value.error is None or (math.isfinite(value.error) and value.error >= 0)
        )
        ensure(
            fine,
            f"{name} is {value.value} with the error {value.error}, expected finite numbers and a "
            "non-negative error",
        )
        ensure(
            value.better in get_args(Better),
            f"{name} is better {value.better!r}, expected one of {', '.join(get_args(Better))}",
        )


@check(Score, trials=1)
def judges_the_same_twice(trial: Trial[Score]) -> None:
    """Equal studies give equal values; the global generator is neither used nor advanced, and no feature is
    changed.
    """
    study, before = study_for(trial.seed, _everything(trial.part)), torch.random.get_rng_state()
    sides: tuple[Side, ...] = get_args(Side)
    kept = {side: study.features(side).clone() for side in sides}
    first = trial.part(study)
    ensure(untouched(before), "it advances the global generator; draw from study.rng")
    changed = [side for side, features in kept.items() if not torch.equal(study.features(side), features)]
    ensure(not changed, f"it changes the features of {', '.join(changed)} in place")
    torch.rand(7)
    again = trial.part(study_for(trial.seed, _everything(trial.part)))
    differs = [name for name in first if first[name] != again.get(name)]
    ensure(
        not differs and set(first) == set(again),
        f"an equal study gives different values of {', '.join(differs)}; draw from study.rng",
    )


@check(Score, trials=1)
def names_its_extractor(trial: Trial[Score]) -> None:
    """The name of a value contains the extractor's title exactly if the value depends on the extractor."""
    study, other = (
        study_for(trial.seed, _everything(trial.part), extractor=one)
        for one in (KitExtractor, AnotherExtractor)
    )
    first, second = trial.part(study), trial.part(other)
    for name, value in first.items():
        there = second.get(name.replace(f"[{study.title}]", f"[{other.title}]"))
        ensure(
            there is not None,
            f"under the extractor {other.title} there is no value corresponding to {name}; name "
            f"it {name}[title]",
        )
        titled = f"[{study.title}]" in name
        ensure(
            titled or there == value,
            f"{name} depends on the extractor: end its name in [title], from study.title",
        )


@check(Score, trials=1)
def refuses_too_few_images(trial: Trial[Score]) -> None:
    """One image per side is refused with MeasureError."""
    try:
        found = trial.part(study_for(trial.seed, _everything(trial.part), count=1))
    except MeasureError:
        return
    ensure(False, f"for one image per side it gives {found}; raise MeasureError, and say how many are needed")


@check(Score, trials=1)
def declares_what_it_needs(trial: Trial[Score]) -> None:
    """A study that provides only what `needs` names is enough."""
    needs = trial.part.needs
    unknown = sorted(needs - EVERYTHING)
    ensure(not unknown, f"it needs {', '.join(unknown)}; a study can hold {', '.join(sorted(EVERYTHING))}")
    try:
        trial.part(study_for(trial.seed, needs))
    except Exception as error:  # any error caused by something missing
        ensure(
            False,
            f"a study that holds {', '.join(sorted(needs)) or 'nothing besides'} is not enough: {error!r}; "
            "add to `needs`",
        )
