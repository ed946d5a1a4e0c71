"""Which of several values is the best, and when none is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import mean, stdev

from gancore.pictures.scores import Evaluated, Reading
from gancore.pictures.variety import BLIND_TO_VARIETY, head
from gancore.pictures.words import figure

DIRECTIONS = ("lower", "higher")


@dataclass(frozen=True)
class Place:
    """The place of a value among others: `best`, `tied` with the best, `unranked` for a reason, or empty."""

    kind: str = ""
    reason: str = ""


def above_noise(score: str, place: Place, reading: Reading | None, noise: float | None) -> Place:
    """The place, but unranked if it leads with a value that is not clear of the one of noise."""
    if (
        place.kind not in ("best", "tied")
        or reading is None
        or noise is None
        or head(score) in BLIND_TO_VARIETY
    ):
        return place
    at_noise = replace(reading, value=noise, error=0.0)
    if reading.beats(at_noise) and reading.clear_of(at_noise) is not False:
        return place
    return Place("unranked", f"noise scores {figure(noise)}")


def places(readings: Sequence[Reading | None], reasons: Sequence[str]) -> list[Place]:
    """The place of each value; `reasons` say why a value is not ranked, empty if it is.

    A value is the best if it is better than every other by more than two standard errors of the difference.
    Those within two of the best one are tied with it, and then none is the best; where no error is known,
    nothing is said.
    """
    ranked = [
        one
        for one, reason in zip(readings, reasons, strict=True)
        if one is not None and one.value is not None and one.better in DIRECTIONS and not reason
    ]
    leader = next((one for one in ranked if not any(other.beats(one) for other in ranked)), None)
    others = [one for one in ranked if one is not leader]
    clear = [leader.clear_of(one) for one in others] if leader is not None else []
    tied = [one for one, is_clear in zip(others, clear, strict=True) if is_clear is False]

    def place(one: Reading | None, reason: str) -> Place:
        if reason:
            return Place("unranked", reason)
        if one is None or not clear or None in clear:
            return Place()
        if one is leader:
            return Place("tied" if tied else "best")
        return Place("tied") if any(one is other for other in tied) else Place()

    return [place(one, reason) for one, reason in zip(readings, reasons, strict=True)]


def mean_reading(readings: Sequence[Reading]) -> Reading:
    """The mean over replications, with its standard error from their spread, and not below that of a single
    value; a single reading stays as it is.
    """
    values = [one.value for one in readings if one.value is not None]
    if len(readings) == 1 or not values:
        return readings[0]
    if len(values) < len(readings):
        return replace(readings[0], value=None, error=None)
    of_one = max((one.error for one in readings if one.error is not None), default=0.0)
    return replace(readings[0], value=mean(values), error=max(stdev(values), of_one) / math.sqrt(len(values)))


def shared(evaluations: Sequence[Evaluated]) -> dict[str, Reading]:
    """The means of the scores that all evaluations of a group have."""
    first, *rest = evaluations
    names = [name for name in first.readings if all(name in one.readings for one in rest)]
    return {name: mean_reading([one.readings[name] for one in evaluations]) for name in names}
