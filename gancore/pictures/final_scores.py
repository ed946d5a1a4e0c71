"""The scores of several runs next to each other, and whether their protocols agree."""

from collections.abc import Mapping, Sequence
from html import escape

from gancore.pictures.compared import Compared
from gancore.pictures.contest import Contest
from gancore.pictures.differences import across, differences_table
from gancore.pictures.page import board, filled
from gancore.pictures.ranking import Place
from gancore.pictures.scores import Evaluated, Reading, courses
from gancore.pictures.sections import (
    ARROWS,
    anchor_line,
    anchor_note,
    left_out,
    protocol,
    setup,
    value_cell,
)
from gancore.pictures.words import figure, listed

TRAINED = "while training"
MARKS = {
    "best": ("best", "better than every other by more than two standard errors"),
    "tied": ("tied", "within two standard errors of the best value: no run is ahead"),
    "unranked": ("not ranked", ""),
}
"""What a place is called in a table, and why."""
MEANS = (
    "Runs that differ in their seed alone stand together: the mean with its standard error, and the value of "
    "each. The error of a single run is at least their spread."
)


def final_scores(compared: Sequence[Compared], contests: Sequence[Contest]) -> str:
    """A table for each evaluation that a run has, the best marked, and the charts of the scores over the
    training.
    """
    charts = board("scores-board") if any(courses(one.run.log.lines) for one in compared) else ""
    nothing = '<p class="quiet-line"><span class="pill">none yet</span> None of these runs has a score.</p>'
    return "".join(map(_final, contests)) + charts or nothing


def _final(contest: Contest) -> str:
    """The table of one evaluation, such as `emoji-test`, with all runs that have it."""
    first = next(several[0] for several in contest.evaluations if several)
    rows = [
        [_score_head(score, readings, [] if contest.unlike else first.anchored(score)), *cells]
        for score, readings, cells in (
            (score, readings, _cells(contest, score)) for score, readings in contest.readings.items()
        )
    ]
    after = ["after images", *map(_images, contest.evaluations)]
    names = {group.index: group.title for group in contest.groups}
    body = across("score", names, [*rows, after] if any(after[1:]) else rows, "scores")
    runs = sorted((run for group in contest.groups for run in group.runs), key=lambda run: run.index)
    found = [(run, one) for run in runs if (one := run.evaluation(contest.name)) is not None]
    protocols = [(run, one.protocol) for run, one in found if one.protocol]
    reasons = {f"{run.name}, {score}": why for run, one in found for score, why in one.left_out.items()}
    return filled(
        "compare-scores.html",
        title=escape(contest.name or TRAINED),
        note=escape(_setups(protocols)),
        table=body + _note(contest, first),
        warning=_warning(contest.unlike),
        left_out=left_out(reasons),
        protocols=_protocols(protocols),
    )


def _score_head(name: str, readings: Sequence[Reading | None], anchors: Sequence[tuple[str, float]]) -> str:
    better = next(reading.better for reading in readings if reading is not None)
    arrow = ARROWS.get(better, "")[:1]
    return f'{escape(name)} <span class="soft">{arrow}</span>{anchor_line(anchors)}'


def _cells(contest: Contest, score: str) -> list[str]:
    row = zip(contest.readings[score], contest.places[score], contest.evaluations, strict=True)
    return [
        _cell(reading, place, [one.readings.get(score) for one in several]) for reading, place, several in row
    ]


def _cell(reading: Reading | None, place: Place, each: Sequence[Reading | None]) -> str:
    if reading is None:
        return '<span class="soft">—</span>'
    shown = value_cell(reading)
    values = ", ".join(figure(one.value) for one in each if one is not None) if len(each) > 1 else ""
    several = f'<small class="anchors">{values}</small>' if values else ""
    if place.kind not in MARKS:
        return shown + several
    word, why = MARKS[place.kind]
    value = f'<span class="best">{shown}</span>' if place.kind == "best" else shown
    kind = "mark" if place.kind == "best" else "mark like"
    return f'{value}<span class="{kind}" title="{escape(why or place.reason)}">{word}</span>{several}'


def _images(evaluations: Sequence[Evaluated]) -> str:
    counts = dict.fromkeys(f"{one.images:,}" for one in evaluations if one.images is not None)
    return ", ".join(counts)


def _note(contest: Contest, first: Evaluated) -> str:
    means = f'<p class="hint">{MEANS}</p>' if any(len(group.runs) > 1 for group in contest.groups) else ""
    return means + ("" if contest.unlike else anchor_note(first))


def _setups(protocols: Sequence[tuple[Compared, Mapping[str, object]]]) -> str:
    found = dict.fromkeys(filter(None, (setup(one) for _, one in protocols)))
    return found.popitem()[0] if len(found) == 1 else ""


def _warning(rows: Sequence[str]) -> str:
    """A warning if protocols differ, with the differences."""
    if not rows:
        return ""
    several = listed(rows[:4]) + (f" and {len(rows) - 4} more" if len(rows) > 4 else "")
    return (
        f'<p class="notice">Protocols differ: {escape(several)}. '
        "These numbers cannot be compared, so none is marked as the best.</p>"
    )


def _protocols(protocols: Sequence[tuple[Compared, Mapping[str, object]]]) -> str:
    names = {run.index: run.name for run, _ in protocols}
    tables = [table for _, table in protocols]
    table = differences_table(names, tables)
    first = next(iter(tables), {})
    if not table:
        return protocol(first)
    return (
        '<details class="inner"><summary>where the protocols '
        f"differ</summary>{table}</details>{protocol(first)}"
    )
