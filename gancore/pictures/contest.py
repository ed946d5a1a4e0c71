"""One evaluation, such as the one while training, of several runs: means over replications, and who leads."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import mean

from gancore.pictures.alike import unlike
from gancore.pictures.compared import Group
from gancore.pictures.ranking import DIRECTIONS, Place, above_noise, places, shared
from gancore.pictures.scores import Evaluated, Reading
from gancore.pictures.variety import BLIND_TO_VARIETY, head, without_variety


@dataclass(frozen=True)
class Contest:
    """The readings and places of each score, in the order of the groups; None where a group has none.

    `evaluations` are those of each group's runs, `unlike` the entries of the protocols that forbid a
    comparison.
    """

    name: str
    groups: Sequence[Group]
    evaluations: Sequence[Sequence[Evaluated]]
    unlike: Sequence[str]
    readings: dict[str, list[Reading | None]]
    places: dict[str, list[Place]]

    def of(self, place: str) -> dict[str, list[Group]]:
        """The groups that are `best`, `tied` or `unranked` in each score where there are such."""
        found = {
            score: [group for group, one in zip(self.groups, row, strict=True) if one.kind == place]
            for score, row in self.places.items()
        }
        return {score: groups for score, groups in found.items() if groups}

    @property
    def decisive(self) -> str:
        """The first score that several groups have and that looks at the whole distribution; else empty."""
        return next(
            (
                score
                for score, row in self.readings.items()
                if sum(one is not None and one.better in DIRECTIONS for one in row) > 1
                and head(score) not in BLIND_TO_VARIETY
            ),
            "",
        )


def contests(groups: Sequence[Group]) -> list[Contest]:
    """A contest for each evaluation that a run has."""
    names = dict.fromkeys(e.name for group in groups for run in group.runs for e in run.evaluations)
    return [_contest(groups, name) for name in names]


def _contest(groups: Sequence[Group], name: str) -> Contest:
    evaluations = [
        [found for run in group.runs if (found := run.evaluation(name)) is not None] for group in groups
    ]
    apart = unlike([one.protocol for several in evaluations for one in several if one.protocol])
    tables = [shared(several) if several else {} for several in evaluations]
    scores = dict.fromkeys(score for table in tables for score in table)
    readings = {score: _with_spread([table.get(score) for table in tables], evaluations) for score in scores}
    noise = {} if apart else _noise(evaluations)
    ranks = {
        score: [Place()] * len(groups) if apart else _ranked(score, row, tables, noise.get(score))
        for score, row in readings.items()
    }
    return Contest(name, groups, evaluations, apart, readings, ranks)


def _ranked(
    score: str,
    row: Sequence[Reading | None],
    tables: Sequence[dict[str, Reading]],
    noise: float | None,
) -> list[Place]:
    found = places(row, [without_variety(score, table) for table in tables])
    return [above_noise(score, place, one, noise) for place, one in zip(found, row, strict=True)]


def _noise(evaluations: Sequence[Sequence[Evaluated]]) -> dict[str, float]:
    """What noise scores, where one of the evaluations knows it."""
    known = (
        one.anchors["noise"].scores for several in evaluations for one in several if "noise" in one.anchors
    )
    return next(known, {})


def _with_spread(
    row: list[Reading | None], evaluations: Sequence[Sequence[Evaluated]]
) -> list[Reading | None]:
    """A single run is no surer than what replications of the others say of one training."""
    of_one = [
        one.error * math.sqrt(len(several))
        for one, several in zip(row, evaluations, strict=True)
        if one is not None and one.error is not None and len(several) > 1
    ]
    if not of_one:
        return row
    spread = mean(of_one)
    return [
        replace(one, error=max(one.error or 0.0, spread)) if one is not None and len(several) == 1 else one
        for one, several in zip(row, evaluations, strict=True)
    ]
