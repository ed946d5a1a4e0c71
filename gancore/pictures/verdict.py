"""Who is ahead, in sentences."""

from collections.abc import Iterable, Sequence
from statistics import mean, stdev

from gancore.pictures.compared import Compared, Group
from gancore.pictures.contest import Contest
from gancore.pictures.ranking import DIRECTIONS
from gancore.pictures.scores import Reading
from gancore.pictures.words import figure, listed


def verdict(contests: Sequence[Contest], groups: Sequence[Group]) -> tuple[str, list[str]]:
    """The first sentence, and further ones that it does not hold without."""
    if len(groups) == 1:
        return _replications(contests, groups[0])
    if (contest := _telling(contests)) is None:
        return "No verdict: no two of these runs have a score in common.", [_advice(groups)]
    if contest.unlike:
        return (
            f"No verdict: the scores were not made alike ({_some(contest.unlike)}).",
            [_advice(groups)],
        )
    return _outcome(contest), [*_others(contest), *_unranked(contest), *_unreplicated(contest)]


def _telling(contests: Sequence[Contest]) -> Contest | None:
    """The contest that most groups take part in; of equals one that was made after the training."""
    several = [one for one in contests if one.decisive]
    return max(several, key=lambda one: (sum(map(bool, one.evaluations)), bool(one.name)), default=None)


def _replications(contests: Sequence[Contest], group: Group) -> tuple[str, list[str]]:
    first = f"Replications: these {len(group.runs)} runs differ in their seed alone."
    contest = next((one for one in contests if len(one.evaluations[0]) > 1), None)
    if contest is None:
        return first, []
    spreads = {
        score: _spread([found.readings[score] for found in contest.evaluations[0]])
        for score, row in contest.readings.items()
        if row[0] is not None and row[0].better in DIRECTIONS
    }
    return first, [f"{score}: {spread}." for score, spread in spreads.items() if spread]


def _spread(readings: Sequence[Reading]) -> str:
    """The mean of replications and how far they lie apart; empty if one is not finite."""
    values = [one.value for one in readings if one.value is not None]
    if len(values) < len(readings):
        return ""
    ends = f"from {figure(min(values))} to {figure(max(values))}"
    return f"mean {figure(mean(values))}, standard deviation {figure(stdev(values), 2)}, {ends}"


def _outcome(contest: Contest) -> str:
    score = contest.decisive
    row = [
        (group, reading, place, len(several))
        for group, reading, place, several in zip(
            contest.groups, contest.readings[score], contest.places[score], contest.evaluations, strict=True
        )
        if reading is not None and reading.value is not None
    ]
    ordered = sorted(row, key=lambda one: one[1].value or 0.0, reverse=row[0][1].better == "higher")
    told = [f"{_shown(reading, count)} of {group.name}" for group, reading, _, count in ordered]
    kinds = [place.kind for _, _, place, _ in ordered]
    if kinds[0] == "best":
        leader, reading, _, count = ordered[0]
        return f"Ahead: {leader.name}. {score} is {_shown(reading, count)}, against {listed(told[1:4])}."
    if kinds[0] == "unranked":
        return f"No run is ahead: {score} is {told[0]}, no better than noise ({ordered[0][2].reason})."
    if "tied" in kinds:
        tied = [words for words, kind in zip(told, kinds, strict=True) if kind == "tied"]
        return f"No run is ahead: {score} is {listed(tied)}, within two standard errors of each other."
    return f"No verdict: {score} is {listed(told[:4])}, but how far chance moves it is not known."


def _others(contest: Contest) -> Iterable[str]:
    """Where else someone is ahead."""
    ahead: dict[str, list[str]] = {}
    for score, groups in contest.of("best").items():
        if score != contest.decisive:
            ahead.setdefault(groups[0].name, []).append(score)
    for name, scores in ahead.items():
        yield f"Best in {_some(scores)}: {name}."


def _unranked(contest: Contest) -> Iterable[str]:
    """Whom a score does not rank, and why."""
    found: dict[tuple[str, str], list[str]] = {}
    for score, row in contest.places.items():
        for group, place in zip(contest.groups, row, strict=True):
            if place.kind == "unranked" and score != contest.decisive:
                found.setdefault((score, place.reason), []).append(group.name)
    for (score, reason), names in found.items():
        yield f"Not ranked by {score}: {_some(names)} ({reason})."


def _unreplicated(contest: Contest) -> Iterable[str]:
    if contest.of("best") and not any(len(group.runs) > 1 for group in contest.groups):
        yield (
            "One training each: how much a score changes with the seed is not known; "
            "train again with another --seed to see it."
        )


def _shown(reading: Reading | None, count: int) -> str:
    if reading is None:
        return "unknown"
    error = f" ± {figure(reading.error, 2)}" if reading.error is not None else ""
    return f"{figure(reading.value)}{error}" + (f" (mean of {count} seeds)" if count > 1 else "")


def _some(names: Sequence[str]) -> str:
    return listed(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _advice(groups: Sequence[Group]) -> str:
    runs: list[Compared] = [run for group in groups for run in group.runs]
    return f"Score them alike: gancore evaluate RUN, for each of {listed(run.name for run in runs[:4])}" + (
        " and the others." if len(runs) > 4 else "."
    )
